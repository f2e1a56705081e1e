import type { FanoutContext } from '../context.ts';
import { added, EMPTY, includes, removed, type SmallSet, sizeOf } from '../small-set.ts';
import type { GroupSet } from '../tenant/group-set.ts';
import type { TenantCache } from '../tenant/tenant-cache.ts';
import type { CachedUser } from '../views/cached-user.ts';
import type { ViewCache } from '../views/view-cache.ts';
import type { Answer } from './answer.ts';
import type { Outbox } from './outbox.ts';

/**
 * The users one connection watches, each for a reason: it named them, or watches a group they are in. Each reason ends
 * by itself, and with the last one the watch. What an answer that has not begun asks for is no reason: it has holds of
 * its own, and a refusal gives back exactly those.
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
  /** Those of {@link #asking} who are not watched: counted as it changes, for a flood of watches asks for it each time. */
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

  /** Watched, or asked for by an answer that has not begun. */
  isAskedFor(user: CachedUser): boolean {
    return this.has(user) || this.#asking.has(user);
  }

  /** How many users are watched or asked for. */
  get asked(): number {
    return sizeOf(this.users) + this.#askedOnly;
  }

  find(group: string): GroupSet | undefined {
    for (const set of this.groups) if (set.name === group) return set;
    return undefined;
  }

  /** The snapshot of a user is still to come: until then no change of theirs may go out. */
  isUnsent(user: CachedUser): boolean {
    for (const answer of this.answers) if (answer.begun && answer.users.has(user)) return true;
    return false;
  }

  /** An answer asks for a user: they are kept until it begins or is refused. */
  ask(user: CachedUser): CachedUser {
    const answers = this.#asking.get(user) ?? 0;
    if (answers === 0 && !this.has(user)) this.#askedOnly += 1;
    this.#asking.set(user, answers + 1);
    this.#hold(user);
    return user;
  }

  unask(tenant: TenantCache, user: CachedUser): void {
    const answers = this.#asking.get(user) ?? 0;
    if (answers > 1) this.#asking.set(user, answers - 1);
    else if (this.#asking.delete(user) && !this.has(user)) this.#askedOnly -= 1;
    this.#letGo(tenant, user);
  }

  /** Watches a user by id. */
  name(user: CachedUser, outbox: Outbox): void {
    this.#memberOnly.delete(user);
    this.#watch(user, outbox);
  }

  /** @returns whether the user is watched no longer. */
  unname(tenant: TenantCache, user: CachedUser): boolean {
    if (!this.isNamed(user)) return false;
    if (this.#isMember(user)) {
      this.#memberOnly.add(user);
      return false;
    }
    this.drop(tenant, user);
    return true;
  }

  /** Watches a user for being in a watched group. @returns whether they were not watched before. */
  enrol(user: CachedUser, outbox: Outbox): boolean {
    if (this.has(user)) return false;
    this.#memberOnly.add(user);
    this.#watch(user, outbox);
    return true;
  }

  /** A user left a group, or it is watched no longer. @returns whether the user is watched no longer. */
  disenrol(tenant: TenantCache, user: CachedUser): boolean {
    if (!this.#memberOnly.has(user) || this.#isMember(user)) return false;
    this.drop(tenant, user);
    return true;
  }

  /** Ends the watch of a user whatever its reasons were. */
  drop(tenant: TenantCache, user: CachedUser): void {
    if (!this.has(user)) return;
    for (const answer of this.answers) if (answer.begun) answer.withoutUser(user);
    this.users = removed(this.users, user);
    this.#memberOnly.delete(user);
    this.#outbox?.forget(user);
    if (this.#outbox !== undefined) user.subscribers = removed(user.subscribers, this.#outbox);
    if (this.#asking.has(user)) this.#askedOnly += 1;
    this.#letGo(tenant, user);
  }

  #watch(user: CachedUser, outbox: Outbox): void {
    if (this.has(user)) return;
    this.#outbox = outbox;
    this.users = added(this.users, user);
    user.subscribers = added(user.subscribers, outbox);
    if (this.#asking.has(user)) this.#askedOnly -= 1;
    this.#hold(user);
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

  #isMember(user: CachedUser): boolean {
    for (const set of this.groups) if (set.members.has(user)) return true;
    return false;
  }
}
