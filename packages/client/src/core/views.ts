import type { MembersFrame, Presence } from '../protocol/frames.ts';
import { idOf, type Key, keyOf, kindOf, TENANT } from './keys.ts';
import type { Turn } from './turn.ts';

type Users = ReadonlySet<string>;

/** Whether anything but one crowd is a reason to hold a user. */
const isHeld = (turn: Turn, user: string, except?: Key): boolean => {
  if (turn.state.wants.has(keyOf({ user }))) return true;
  for (const [key, { users, next }] of turn.state.crowds)
    if (key !== except && (users?.has(user) || next?.has(user))) return true;
  return false;
};

const changed = (turn: Turn, user: string): void => {
  turn.topics.add(keyOf({ user }));
  turn.users.add(user);
};

const drop = (turn: Turn, user: string): void => {
  if (turn.map('views').delete(user)) changed(turn, user);
};

const dropUnheld = (turn: Turn, users: Iterable<string>, except: Key): void => {
  for (const user of users) if (!isHeld(turn, user, except)) drop(turn, user);
};

const isStale = (turn: Turn, epoch: number): boolean => turn.state.degraded || epoch < turn.state.staleBelow;

/** What one frame says of one user. @returns whether it is news. */
const take = (turn: Turn, presence: Presence, isSnapshot: boolean): void => {
  const { views, epoch } = turn.state;
  const { user, ver } = presence;
  const held = views.get(user);
  if (held === undefined || ver > held.value.ver || (isSnapshot && ver === 0)) {
    // Of version 0 in a snapshot: forgotten while this client was away. The old view would stay for ever.
    const isSame = held !== undefined && JSON.stringify(held.value) === JSON.stringify(presence);
    turn.map('views').set(user, { value: isSame ? held.value : Object.freeze(presence), epoch });
    if (!isSame || isStale(turn, held.epoch)) changed(turn, user);
    return;
  }
  if (!isSnapshot || held.epoch === epoch) return;
  // What is held is as new, or newer: a node that lags sends the newest next.
  turn.map('views').set(user, { value: held.value, epoch });
  if (isStale(turn, held.epoch)) changed(turn, user);
};

/** Everyone of the tenant who is not offline: changes say who comes and goes. */
const moveInTenant = (turn: Turn, { user, status }: Presence): void => {
  const crowd = turn.state.crowds.get(TENANT);
  const users = crowd?.users;
  if (!crowd || !users || users.has(user) === (status !== 'offline')) return;
  const next = new Set(users);
  if (status === 'offline') next.delete(user);
  else next.add(user);
  turn.map('crowds').set(TENANT, { ...crowd, users: next });
  turn.topics.add(TENANT);
};

/** @param into - the group, or tenant, whose snapshot this is part of. */
export const presence = (
  turn: Turn,
  users: readonly Presence[],
  isSnapshot: boolean,
  into: Key | undefined,
): void => {
  const crowd = into === undefined ? undefined : turn.state.crowds.get(into);
  // Who joins a group is shown before it is said that they joined.
  const anybody = turn.state.crowds.size > 0;
  for (const one of users) {
    if (!anybody && !turn.state.wants.has(keyOf({ user: one.user }))) continue;
    take(turn, one, isSnapshot);
    if (!isSnapshot) moveInTenant(turn, one);
  }
  if (into === undefined || !crowd) return;
  const next = new Set(crowd.next);
  for (const { user } of users) next.add(user);
  turn.map('crowds').set(into, { ...crowd, next });
};

const isEqual = (a: Users, b: Users | undefined): boolean =>
  b !== undefined && a.size === b.size && [...a].every((user) => b.has(user));

/** The snapshot of a group or of the tenant is complete: it replaces what was held. */
export const crowdComplete = (turn: Turn, key: Key): void => {
  const crowd = turn.state.crowds.get(key);
  if (!crowd) return;
  const { users = new Set<string>(), next = new Set<string>() } = crowd;
  const kept: Users = isEqual(next, crowd.users) ? users : next;
  turn.map('crowds').set(key, { users: kept, epoch: turn.state.epoch });
  dropUnheld(
    turn,
    [...users].filter((user) => !next.has(user)),
    key,
  );
  turn.topics.add(key);
};

export const members = (turn: Turn, { group, joined = [], left = [] }: MembersFrame): void => {
  const key = keyOf({ group });
  const crowd = turn.state.crowds.get(key);
  if (!crowd?.users) return;
  const users = new Set(crowd.users);
  for (const user of joined) users.add(user);
  for (const user of left) users.delete(user);
  if (isEqual(users, crowd.users)) return;
  turn.map('crowds').set(key, { ...crowd, users });
  turn.topics.add(key);
};

/** These users are not shown any more. */
export const usersGone = (turn: Turn, users: readonly string[]): void => {
  for (const user of users) drop(turn, user);
  for (const [key, crowd] of turn.state.crowds) {
    if (!users.some((user) => crowd.users?.has(user) || crowd.next?.has(user))) continue;
    const without = (set: Users | undefined) =>
      set && new Set([...set].filter((user) => !users.includes(user)));
    const [kept, next] = [without(crowd.users), without(crowd.next)];
    turn.map('crowds').set(key, { epoch: crowd.epoch, ...(kept && { users: kept }), ...(next && { next }) });
    turn.topics.add(key);
  }
};

/** A group, or the tenant, is not shown any more: who is known only by it goes, too. */
export const crowdGone = (turn: Turn, key: Key): void => {
  const crowd = turn.state.crowds.get(key);
  if (!crowd) return;
  turn.map('crowds').set(key, { epoch: 0 });
  dropUnheld(turn, [...(crowd.users ?? []), ...(crowd.next ?? [])], key);
  turn.topics.add(key);
};

/** Nobody wants it any more. */
export const forgetKey = (turn: Turn, key: Key): void => {
  const kind = kindOf(key);
  const id = idOf(key);
  if (kind === 'u') {
    if (!isHeld(turn, id)) drop(turn, id);
  } else if (kind === 'p') turn.map('rooms').delete(id);
  else if (kind.startsWith('#')) turn.map('counts').delete(key);
  else {
    crowdGone(turn, key);
    turn.map('crowds').delete(key);
  }
};
