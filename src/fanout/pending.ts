import type { CachedUser } from './cached-user.ts';
import type { FrameBuilder } from './frame-builder.ts';

/** From here on a look-up costs less than going through the list. */
const LISTED = 32;

/** The users one connection has to be told of, each once, in the order in which they first changed. */
export class Pending {
  #users: CachedUser[] = [];
  #index: Set<CachedUser> | undefined;

  get size(): number {
    return this.#users.length;
  }

  has(user: CachedUser): boolean {
    return this.#index === undefined ? this.#users.includes(user) : this.#index.has(user);
  }

  /** @returns whether the user was not pending before. */
  add(user: CachedUser): boolean {
    if (this.has(user)) return false;
    this.#users.push(user);
    if (this.#index !== undefined) this.#index.add(user);
    else if (this.#users.length > LISTED) this.#index = new Set(this.#users);
    return true;
  }

  delete(user: CachedUser): void {
    if (this.has(user)) this.keep((other) => other !== user);
  }

  /** Keeps only some. */
  keep(wanted: (user: CachedUser) => boolean): void {
    this.#replace(this.#users.filter(wanted));
  }

  /** Moves as many as fit into a frame. */
  take(frame: FrameBuilder, taken: (user: CachedUser) => void): void {
    let count = 0;
    for (const user of this.#users) {
      if (frame.full) break;
      frame.add(user);
      taken(user);
      count += 1;
    }
    this.#replace(count === this.#users.length ? [] : this.#users.slice(count));
  }

  clear(): void {
    this.#replace([]);
  }

  #replace(users: CachedUser[]): void {
    this.#users = users;
    this.#index = users.length > LISTED ? new Set(users) : undefined;
  }
}
