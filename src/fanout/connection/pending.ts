import type { FrameBuilder } from '../frame-builder.ts';
import type { CachedUser } from '../views/cached-user.ts';

/** Up to here going through a list costs less than a look-up. */
const FEW = 32;

/** The users that one connection has still to be sent, each once, in the order in which they first changed. */
export class Pending {
  #few: CachedUser[] = [];
  /** In place of the list once there were more. */
  #many: Set<CachedUser> | undefined;

  get size(): number {
    return this.#many?.size ?? this.#few.length;
  }

  has(user: CachedUser): boolean {
    return this.#many?.has(user) ?? this.#few.includes(user);
  }

  /** @returns whether the user was not pending before. */
  add(user: CachedUser): boolean {
    if (this.#many !== undefined) return this.#many.size < this.#many.add(user).size;
    if (this.#few.includes(user)) return false;
    this.#few.push(user);
    if (this.#few.length > FEW) {
      this.#many = new Set(this.#few);
      this.#few = [];
    }
    return true;
  }

  delete(user: CachedUser): void {
    if (this.#many !== undefined) this.#many.delete(user);
    else if (this.#few.includes(user)) this.#few = this.#few.filter((other) => other !== user);
  }

  /** Keeps only some. */
  keep(wanted: (user: CachedUser) => boolean): void {
    this.#few = this.#few.filter(wanted);
    for (const user of this.#many ?? []) if (!wanted(user)) this.#many?.delete(user);
  }

  /** Moves as many as fit into a frame. */
  take(frame: Pick<FrameBuilder, 'full' | 'add'>, taken: (user: CachedUser) => void): void {
    let count = 0;
    for (const user of this.#many ?? this.#few) {
      if (frame.full) break;
      frame.add(user);
      taken(user);
      this.#many?.delete(user);
      count += 1;
    }
    if (count === this.#few.length) this.#few = [];
    else if (this.#many === undefined) this.#few = this.#few.slice(count);
    if (this.#many?.size === 0) this.#many = undefined;
  }

  clear(): void {
    this.#few = [];
    this.#many = undefined;
  }
}
