import { StoreError } from '../store/port/store-error.ts';
import type { DueQueue } from '../time/due-queue.ts';
import type { Holding } from './holding.ts';
import { Waiter, waiters } from './waiter.ts';

/** How long a sign-in waits for the store before it is welcomed without knowing its own status, ms. */
const WELCOME_MS = 1000;

/** Those who wait for a user to be stored, each for a bounded time. */
export class StoredWaits {
  readonly #now: () => number;
  readonly #welcomes: DueQueue<Waiter>;
  readonly #claims: DueQueue<Waiter>;

  /** @param claimMs - how long a person who sets their status waits. */
  constructor(now: () => number, claimMs: number) {
    this.#now = now;
    this.#welcomes = waiters(WELCOME_MS, now);
    this.#claims = waiters(claimMs, now);
  }

  /** A sign-in. Resolves with the answer as of when the user was stored, or with `undefined` after a second. */
  welcome<T>(holding: Holding, answer: () => T | undefined): Promise<T | undefined> {
    return new Promise((resolve) => {
      const waiter = new Waiter(
        () => resolve(answer()),
        () => resolve(undefined),
      );
      holding.wait(waiter);
      this.#welcomes.add(waiter, this.#now());
    });
  }

  /** A person's own claim. @throws StoreError `unavailable` */
  claim(holding: Holding): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(resolve, () =>
        reject(new StoreError('unavailable', 'the status was not stored in time; it may still take effect')),
      );
      holding.wait(waiter);
      this.#claims.add(waiter, this.#now());
    });
  }

  stop(): void {
    this.#welcomes.stop();
    this.#claims.stop();
  }
}
