import type { CachedUser } from '../views/cached-user.ts';

/**
 * The users of a tenant by when they last changed. Behind a sequence number that a reader remembers are exactly the
 * users that changed since, each once: conflation needs no memory of its own for any connection, however slow.
 */
export class ChangeList {
  /** Sequence number of the newest change. */
  head = 0;
  #oldest: CachedUser | undefined;
  #newest: CachedUser | undefined;

  touch(user: CachedUser): void {
    if (user.listed) this.#unlink(user);
    this.head += 1;
    user.seq = this.head;
    user.listed = true;
    user.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = user;
    else this.#newest.newer = user;
    this.#newest = user;
  }

  /** As if the user had not changed. */
  drop(user: CachedUser): void {
    if (user.listed) this.#unlink(user);
    user.seq = 0;
  }

  /** The user who changed first after a sequence number; the rest follows by `newer`. */
  after(seq: number): CachedUser | undefined {
    // Nearly everybody is as far as the slowest, whose first change the list begins with.
    if (this.#oldest === undefined || this.#oldest.seq > seq) return this.#oldest;
    let found: CachedUser | undefined;
    for (let user = this.#newest; user !== undefined && user.seq > seq; user = user.older) found = user;
    return found;
  }

  /** Takes out what everybody was sent. */
  deliveredUpTo(seq: number, out: (user: CachedUser) => void): void {
    for (let user = this.#oldest; user !== undefined && user.seq <= seq; user = this.#oldest) {
      this.#unlink(user);
      out(user);
    }
  }

  #unlink(user: CachedUser): void {
    if (user.older === undefined) this.#oldest = user.newer;
    else user.older.newer = user.newer;
    if (user.newer === undefined) this.#newest = user.older;
    else user.newer.older = user.older;
    user.older = undefined;
    user.newer = undefined;
    user.listed = false;
  }
}
