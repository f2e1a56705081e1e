import type { CachedUser } from '../views/cached-user.ts';
import type { Watching } from '../watching.ts';
import type { Answer } from './answer.ts';

/** Users that a group counts as before it was read, and a tenant, which is read page by page. */
const UNREAD_SET = 50;

/** Everybody in the groups an answer asks for, as far as they were read. */
const membersOf = (answer: Answer): Set<CachedUser> => {
  const members = new Set<CachedUser>();
  for (const set of answer.groups) for (const user of set.members) members.add(user);
  return members;
};

/**
 * Reads all an answer asks for when it is its turn. Errors as the store's.
 *
 * @param rank - whose turn comes first: less for who was shown less.
 */
export const readInTurn = async (
  answer: Answer,
  rank: number,
  node: Watching,
  tenantName: string,
  isOver: () => boolean,
): Promise<void> => {
  if (isOver()) return;
  const users = answer.users.size + setsToRead(answer);
  if (users === 0) return untilKnown(answer, node, tenantName, isOver);
  const taken = node.turns.take(users, rank);
  const turn = taken instanceof Promise ? await taken : taken;
  try {
    await untilKnown(answer, node, tenantName, isOver);
  } finally {
    turn.end();
  }
};

/** What the sets count as that are read now. Those that rest, or are being read, are waited for by many at once. */
const setsToRead = ({ groups, tenantSet }: Answer): number => {
  let users = 0;
  for (const { members, complete, reading } of groups) {
    if (!reading.rests) users += complete ? members.size : UNREAD_SET;
  }
  return users + (tenantSet?.reading.rests === false ? UNREAD_SET : 0);
};

/** Waits until all of it was read, not earlier than now. A read that a forgetting has overtaken is made again. */
const untilKnown = async (
  answer: Answer,
  { cache, groups, tenantSets, isStoreAway }: Watching,
  tenantName: string,
  isOver: () => boolean,
): Promise<void> => {
  const tenant = cache.find(tenantName);
  if (tenant === undefined) return;
  const asked = tenant.readings.now;
  const byId = cache.fresh(tenant, answer.users, isStoreAway);
  const sets = [...answer.groups].map((set) => groups.fresh(set, isStoreAway));
  if (answer.tenantSet !== undefined) sets.push(tenantSets.fresh(answer.tenantSet, isStoreAway));
  const [wereRead] = await Promise.all([Promise.all(sets), ...byId]);
  // A set that the store cannot read now is shown as it is known: its users are not asked for one by one instead.
  const needsRead = ({ readAt, confirmed }: CachedUser): boolean =>
    wereRead.includes(false) ? !confirmed : readAt <= asked;
  const tried = new Set<CachedUser>();
  // Whom the pages of the tenant left out went offline, or came behind them: the feed may be late to say which. Once
  // only: in a large tenant users come all the time.
  const listed = answer.tenant ? [...tenant.users.values()].filter(({ present }) => present) : [];
  for (;;) {
    // Also members whom no reading had, because the feed added them meanwhile.
    const unread = [...new Set([...membersOf(answer), ...listed])].filter(
      (user) => needsRead(user) && !tried.has(user) && tenant.users.get(user.user) === user,
    );
    for (const user of unread) tried.add(user);
    for (const user of answer.users) if (!user.confirmed) unread.push(user);
    if (isOver() || unread.length === 0) return;
    await Promise.all(cache.fresh(tenant, unread, isStoreAway));
  }
};
