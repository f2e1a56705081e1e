import type { Answer } from './answer.ts';
import type { CachedUser } from './cached-user.ts';
import type { FanoutContext } from './context.ts';
import type { Outbox } from './outbox.ts';
import { added, EMPTY, includes, removed, type SmallSet } from './small-set.ts';
import type { TenantCache } from './tenant-cache.ts';
import type { ViewCache } from './view-cache.ts';

/** The users one connection watches, by id or as members of a group, and the answers that have still to show some. */
export class WatchedUsers {
  /** Snapshot sent: their changes follow. */
  shown: SmallSet<CachedUser> = EMPTY;
  /** Not sent to their end. Users in them that are not in {@link shown} are held. */
  answers: SmallSet<Answer> = EMPTY;
  /** Those awaited included. */
  count = 0;
  readonly #cache: ViewCache;
  readonly #context: FanoutContext;

  constructor(cache: ViewCache, context: FanoutContext) {
    this.#cache = cache;
    this.#context = context;
  }

  /** The snapshot sent or not. */
  has(user: CachedUser): boolean {
    if (includes(this.shown, user)) return true;
    for (const answer of this.answers) if (answer.users.has(user)) return true;
    return false;
  }

  /** Asked for by id, in an answer whose users are not all known yet. */
  isAwaited(user: CachedUser): boolean {
    for (const answer of this.answers) if (!answer.begun && answer.users.has(user)) return true;
    return false;
  }

  all(): CachedUser[] {
    const users = new Set<CachedUser>(this.shown);
    for (const answer of this.answers) for (const user of answer.users) users.add(user);
    return [...users];
  }

  hold(user: CachedUser): CachedUser {
    if (this.has(user)) return user;
    user.holds += 1;
    this.#add(1);
    return user;
  }

  /** Takes a {@link hold} back of whoever is not watched for another reason. */
  letGo(tenant: TenantCache, user: CachedUser): void {
    if (this.has(user)) return;
    user.holds -= 1;
    this.#add(-1);
    this.#cache.release(tenant, user);
  }

  /** Changes of a held user go to the outbox from now on. */
  subscribe(user: CachedUser, outbox: Outbox): void {
    if (includes(this.shown, user)) return;
    this.shown = added(this.shown, user);
    user.subscribers = added(user.subscribers, outbox);
    user.holds -= 1;
  }

  drop(tenant: TenantCache, user: CachedUser, outbox: Outbox | undefined): void {
    for (const answer of this.answers) answer.withoutUser(user);
    if (includes(this.shown, user)) {
      this.shown = removed(this.shown, user);
      if (outbox !== undefined) {
        user.subscribers = removed(user.subscribers, outbox);
        outbox.forget(user);
      }
    } else {
      user.holds -= 1;
    }
    this.#add(-1);
    this.#cache.release(tenant, user);
  }

  #add(users: 1 | -1): void {
    this.count += users;
    this.#context.meter.watches += users;
  }
}
