import type { Timing } from '../time/timing.ts';
import { WatchError } from './fanout.ts';

/** Users that one person may be shown: so many at once, and so many a second, as shares of what one connection may watch. */
const BURST = 6;
const RATE = 0.2;
/** What a watch costs beside its users. */
const WATCH_WEIGHT = 10;
/** Clients that keep to small limits never notice it. */
const LEAST = 5000;
/** A request that would wait longer is refused, ms. */
const LONGEST_WAIT_MS = 15_000;
/** Budgets that are kept before the full ones are thrown away. */
const KEPT = 1000;

/**
 * What the watches of one person may cost this node, over all their connections: a snapshot takes work by its size, and
 * a group of thousands is asked for in a few bytes. Beyond the budget a watch waits for its turn.
 */
export class Budgets {
  readonly #timing: Timing;
  readonly #size: number;
  readonly #burst: number;
  readonly #rate: number;
  /** By person: when the budget is full again, ms. */
  readonly #fullAt = new Map<string, number>();

  constructor(timing: Timing, maxWatches: number) {
    const size = Math.max(maxWatches, LEAST);
    this.#timing = timing;
    this.#size = size;
    this.#burst = BURST * size;
    this.#rate = RATE * size;
  }

  /** How many times over a person was shown what one connection may watch. The person who asked for least has rank 0. */
  rank(person: string): number {
    const owed = (this.#fullAt.get(person) ?? 0) - this.#timing.now();
    return Math.max(0, Math.floor((owed * this.#rate) / 1000 / this.#size));
  }

  /** Takes what a watch costs of so many users by id. Otherwise as {@link take}. */
  begin(person: string, users: number): Promise<void> | undefined {
    return this.take(person, users + WATCH_WEIGHT);
  }

  /**
   * Takes what so many users cost. @returns what to wait for if the person has had too much.
   * @throws WatchError when that would be too long.
   */
  take(person: string, users: number): Promise<void> | undefined {
    const wait = this.#charge(person, users);
    if (wait <= 0) return undefined;
    if (wait > LONGEST_WAIT_MS) {
      throw new WatchError('rate_limited', 'too much was asked for at once: ask again later, and for less');
    }
    return new Promise((resolve) => void this.#timing.schedule(resolve, Math.ceil(wait)));
  }

  /** Takes what was done already: the next watch waits for it. */
  charge(person: string, users: number): void {
    this.#charge(person, users);
  }

  /** @returns how long to wait before, ms. */
  #charge(person: string, users: number): number {
    const now = this.#timing.now();
    const fullAt = Math.max(now, this.#fullAt.get(person) ?? 0);
    const wait = fullAt - now - (this.#burst * 1000) / this.#rate;
    if (wait > LONGEST_WAIT_MS) return wait;
    if (this.#fullAt.size >= KEPT && !this.#fullAt.has(person)) this.#prune(now);
    this.#fullAt.set(person, fullAt + (users * 1000) / this.#rate);
    return wait;
  }

  #prune(now: number): void {
    for (const [person, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(person);
  }
}
