import type { Timing } from '../time/timing.ts';
import { WatchError } from './fanout.ts';

/** Users that are read for watches at once: some milliseconds of work. More would hold up everything else meanwhile. */
const UNDER_WAY = 500;
/** A person who asked for more than {@link SPARED} waits no longer than this, ms. */
const LONGEST_WAIT_MS = 15_000;
/** Ranks up to this one wait as long as it takes: a client that watches all it may, and again after a reconnect. */
const SPARED = 2;
const RANKS = 16;

interface Waiting {
  readonly users: number;
  readonly since: number;
  readonly begin: () => void;
  readonly refuse: (error: WatchError) => void;
}

export interface Turn {
  /** The next one begins, once whatever else came meanwhile was looked at. Calls after the first do nothing. */
  end(): void;
}

/**
 * Puts the reads of all watches of a node in turns: a few hundred users at a time, and between them the event loop
 * answers everybody else. Who asked for least so far is next, so that many who ask for much wait for each other.
 */
export class Turns {
  readonly #timing: Pick<Timing, 'now'>;
  readonly #yieldFirst: (next: () => void) => void;
  /** By rank, each in the order of asking. */
  readonly #queues: Waiting[][] = Array.from({ length: RANKS }, () => []);
  #waiting = 0;
  #underWay = 0;
  #isYielding = false;

  constructor(timing: Pick<Timing, 'now'>, yieldFirst: (next: () => void) => void = setImmediate) {
    this.#timing = timing;
    this.#yieldFirst = yieldFirst;
  }

  /** Watches that wait. */
  get size(): number {
    return this.#waiting;
  }

  /**
   * @param rank - of who asks: 0 is next.
   * @returns the turn, or a promise of it; rejects with a WatchError when it does not come in time.
   */
  take(users: number, rank: number): Turn | Promise<Turn> {
    const weight = Math.min(users, UNDER_WAY);
    if (this.#waiting === 0 && this.#fits(weight)) return this.#begin(weight);
    this.#waiting += 1;
    return new Promise((resolve, reject) => {
      this.#queues[Math.min(rank, RANKS - 1)]?.push({
        users: weight,
        since: this.#timing.now(),
        begin: () => resolve(this.#begin(weight)),
        refuse: reject,
      });
    });
  }

  #fits(users: number): boolean {
    return this.#underWay === 0 || this.#underWay + users <= UNDER_WAY;
  }

  #begin(users: number): Turn {
    this.#underWay += users;
    let isOver = false;
    return {
      end: () => {
        if (isOver) return;
        isOver = true;
        this.#underWay -= users;
        if (this.#waiting > 0) this.#goOn();
      },
    };
  }

  #goOn(): void {
    if (this.#isYielding) return;
    this.#isYielding = true;
    this.#yieldFirst(() => {
      this.#isYielding = false;
      this.#refuseLate();
      this.#next();
    });
  }

  #next(): void {
    for (const queue of this.#queues) {
      for (let first = queue[0]; first !== undefined; first = queue[0]) {
        if (!this.#fits(first.users)) return;
        queue.shift();
        this.#waiting -= 1;
        first.begin();
      }
    }
  }

  #refuseLate(): void {
    const latest = this.#timing.now() - LONGEST_WAIT_MS;
    for (const queue of this.#queues.slice(SPARED)) {
      for (let first = queue[0]; first !== undefined && first.since < latest; first = queue[0]) {
        queue.shift();
        this.#waiting -= 1;
        first.refuse(new WatchError('rate_limited', 'this node has too much to do: ask again later'));
      }
    }
  }
}
