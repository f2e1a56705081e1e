/**
 * Changes a partition writes one by one: so many at once, and so many a ms for ever. Far more than people bring about
 * by themselves, and next to nothing for the store: nobody waits for company that does not come.
 */
const FREE = 3;
const FREE_PER_MS = 16 / 1000;
/** In a storm calls are this far apart, and further while what has come is hardly worth one, ms. */
const GATHER_MS = 200;
const MAX_GATHER_MS = 400;
const WORTH = 12;
/** A batch this full goes at once: beyond it users get no cheaper. */
const FULL = 32;

/** How long the changes of one partition gather before they are written. Times are monotonic ms. */
export class Pace {
  #free = FREE;
  #at: number;
  #calledAt = Number.NEGATIVE_INFINITY;

  constructor(now: number) {
    this.#at = now;
  }

  /** How long a batch of this size should go on gathering, ms. */
  wait(size: number, now: number): number {
    this.#refill(now);
    if (size <= this.#free || size >= FULL) return 0;
    const gathered = this.#calledAt + (size < WORTH ? MAX_GATHER_MS : GATHER_MS) - now;
    return Math.max(0, Math.ceil(Math.min(gathered, (size - this.#free) / FREE_PER_MS)));
  }

  /** A batch of this size goes. */
  spend(size: number, now: number): void {
    this.#refill(now);
    this.#free = Math.max(-WORTH, this.#free - size);
    this.#calledAt = now;
  }

  #refill(now: number): void {
    this.#free = Math.min(FREE, this.#free + (now - this.#at) * FREE_PER_MS);
    this.#at = now;
  }
}
