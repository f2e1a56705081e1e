import { DueQueue } from '../time/due-queue.ts';
import { schedule } from '../time/timing.ts';

/** A pending request for a user to be stored. Settles once; later results are ignored. */
export class Waiter {
  #settled = false;
  readonly #stored: () => void;
  readonly #expired: () => void;

  constructor(stored: () => void, expired: () => void) {
    this.#stored = stored;
    this.#expired = expired;
  }

  get settled(): boolean {
    return this.#settled;
  }

  store(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#stored();
  }

  expire(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#expired();
  }
}

/** Requests that expire a fixed time after they were added. @param now - monotonic ms. */
export const waiters = (afterMs: number, now: () => number): DueQueue<Waiter> =>
  new DueQueue(afterMs, { now, schedule }, (due) => {
    for (const waiter of due) waiter.expire();
  });
