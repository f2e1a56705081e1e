import type { FanoutContext } from '../context.ts';
import { added, EMPTY, includes, removed, type SmallSet, sizeOf } from '../small-set.ts';
import type { GroupSet } from '../tenant/group-set.ts';
import type { TenantCache } from '../tenant/tenant-cache.ts';
import type { CachedUser } from '../views/cached-user.ts';
import type { ViewCache } from '../views/view-cache.ts';
import type { Answer, GroupList } from './answer.ts';
import type { Outbox } from './outbox.ts';

/**
 * The users one connection watches, each for a reason: it named them, or watches a group they are in. Each reason ends
 * by itself, and with the last one the watch; each counts as a watch. What an answer that has not begun asks for is no
 * reason: it has holds of its own, and a refusal gives back exactly those.
 */
export class Watched {
  /** For whatever reason; their changes follow. */
  users: SmallSet<CachedUser> = EMPTY;
  /** Those of {@link users} who were not named. */
  readonly #memberOnly = new Set<CachedUser>();
  /** Groups that are watched. */
  readonly groups = new Set<GroupSet>();
  /** Answers not sent to their end. */
  answers: SmallSet<Answer> = EMPTY;
  /** How many answers that have not begun ask for a user. */
  readonly #asking = new Map<CachedUser, number>();
  /** Those of {@link #asking} who are not watched by id: counted as it changes, for a flood of watches asks for it each time. */
  #askedOnly = 0;
  /** Made with the first watch. */
  #outbox: Outbox | undefined;
  readonly #cache: ViewCache;
  readonly #context: FanoutContext;

  constructor(cache: ViewCache, context: FanoutContext) {
    this.#cache = cache;
    this.#context = context;
  }

  has(user: CachedUser): boolean {
    return includes(this.users, user);
  }

  isNamed(user: CachedUser): boolean {
    return this.has(user) && !this.#memberOnly.has(user);
  }

  get named(): CachedUser[] {
    return [...this.users].filter((user) => !this.#memberOnly.has(user));
  }

  /** Answers that have not begun. */
  get waiting(): Answer[] {
    return [...this.answers].filter(({ begun }) => !begun);
  }

  /** Watched by id, or asked for by an answer that has not begun. */
  isAskedFor(user: CachedUser): boolean {
    return this.isNamed(user) || this.#asking.has(user);
  }

  /** How many watches there are, or are asked for: users by id, and the members of each group. */
  get asked(): number {
    let asked = sizeOf(this.users) - this.#memberOnly.size + this.#askedOnly;
    for (const { members } of this.groups) asked += members.size;
    return asked;
  }

  find(group: string): GroupSet | undefined {
    for (const set of this.groups) if (set.name === group) return set;
    return undefined;
  }

  /** The snapshot of a user is still to come: until then no change of theirs may go out. */
  isUnsent(user: CachedUser): boolean {
    for (const answer of this.answers) if (answer.begun && answer.isUnsent(user)) return true;
    return false;
  }

  /** The list of a group that is being sent, or is about to be; of several the last one. */
  listing(set: GroupSet): GroupList | undefined {
    let found: GroupList | undefined;
    for (const answer of this.answers) found = (answer.begun ? answer.list(set) : undefined) ?? found;
    return found;
  }

  /** A user left a group. @returns whether the client holds them in its list, or will when it was sent to its end. */
  unlist(set: GroupSet, user: CachedUser): boolean {
    let isTold = true;
    for (const answer of this.answers) {
      const list = answer.begun ? answer.list(set) : undefined;
      if (list !== undefined) isTold = !list.users.delete(user);
    }
    return isTold;
  }

  /** An answer asks for a user: they are kept until it begins or is refused. */
  ask(user: CachedUser): CachedUser {
    const answers = this.#asking.get(user) ?? 0;
    if (answers === 0 && !this.isNamed(user)) this.#askedOnly += 1;
    this.#asking.set(user, answers + 1);
    this.#hold(user);
    return user;
  }

  unask(tenant: TenantCache, user: CachedUser): void {
    const answers = this.#asking.get(user) ?? 0;
    if (answers > 1) this.#asking.set(user, answers - 1);
    else if (this.#asking.delete(user) && !this.isNamed(user)) this.#askedOnly -= 1;
    this.#letGo(tenant, user);
  }

  /** Watches a user by id. */
  name(user: CachedUser, outbox: Outbox): void {
    if (this.isNamed(user)) return;
    if (this.#asking.has(user)) this.#askedOnly -= 1;
    this.#memberOnly.delete(user);
    this.#hold(user);
    this.#watch(user, outbox);
  }

  /** @returns whether the user is watched no longer. */
  unname(tenant: TenantCache, user: CachedUser): boolean {
    if (!this.isNamed(user)) return false;
    const isMember = this.isMember(user);
    // What an answer has still to show of them is then the first of a member who joined.
    if (isMember) this.#memberOnly.add(user);
    else this.#unwatch(user);
    if (this.#asking.has(user)) this.#askedOnly += 1;
    this.#letGo(tenant, user);
    return !isMember;
  }

  /** Watches a user for being in a watched group. @returns whether they were not watched before. */
  enrol(user: CachedUser, outbox: Outbox): boolean {
    this.#context.meter.watches += 1;
    if (this.has(user)) return false;
    this.#memberOnly.add(user);
    this.#watch(user, outbox);
    return true;
  }

  /** In a group that is watched. */
  isMember(user: CachedUser): boolean {
    for (const set of this.groups) if (set.members.has(user)) return true;
    return false;
  }

  /** Whether being in one group is all that a user is watched for; who has left it is watched for nothing then. */
  isOnlyIn(set: GroupSet, user: CachedUser): boolean {
    if (!this.#memberOnly.has(user)) return false;
    for (const other of this.groups) if (other !== set && other.members.has(user)) return false;
    return true;
  }

  /** A user left a group, or it is watched no longer. @returns whether the user is watched no longer. */
  disenrol(tenant: TenantCache, set: GroupSet, user: CachedUser): boolean {
    this.#context.meter.watches -= 1;
    if (!this.isOnlyIn(set, user)) return false;
    this.#unwatch(user);
    this.#cache.release(tenant, user);
    return true;
  }

  #watch(user: CachedUser, outbox: Outbox): void {
    if (this.has(user)) return;
    this.#outbox = outbox;
    this.users = added(this.users, user);
    user.subscribers = added(user.subscribers, outbox);
  }

  #unwatch(user: CachedUser): void {
    for (const answer of this.answers) if (answer.begun) answer.withoutUser(user);
    this.users = removed(this.users, user);
    this.#memberOnly.delete(user);
    this.#outbox?.forget(user);
    if (this.#outbox !== undefined) user.subscribers = removed(user.subscribers, this.#outbox);
  }

  #hold(user: CachedUser): void {
    user.holds += 1;
    this.#context.meter.watches += 1;
  }

  #letGo(tenant: TenantCache, user: CachedUser): void {
    user.holds -= 1;
    this.#context.meter.watches -= 1;
    this.#cache.release(tenant, user);
  }
}
