import type { Timing } from '../../time/timing.ts';

/** After a reading, this many times its duration nothing is read again: a set is read a quarter of the time at most. */
const REST = 3;
/** But no longer than this, ms: what is slow must not become slower by being waited for. */
const LONGEST_REST_MS = 1000;

/**
 * A reading that is shared by all who ask for it, and is never older than the asking: who asks while one is under way
 * shares the next. However many ask, one is under way and one waits.
 */
export class SharedRead {
  readonly #read: () => Promise<void>;
  readonly #timing: Timing;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #restUntil = 0;

  /** @param restUntil - of another reading of the same set. */
  constructor(read: () => Promise<void>, timing: Timing, restUntil = 0) {
    this.#read = read;
    this.#timing = timing;
    this.#restUntil = restUntil;
  }

  /** Whether a read requested now has to wait. */
  get rests(): boolean {
    return this.#running !== undefined || this.#timing.now() < this.#restUntil;
  }

  /** When the next reading may begin. */
  get restUntil(): number {
    return this.#restUntil;
  }

  /** @returns when a reading that began now or later is done; rejects as it does. */
  ask(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined && this.#timing.now() >= this.#restUntil) return this.#start();
    this.#next = this.#rested().then(() => {
      this.#next = undefined;
      return this.#start();
    });
    return this.#next;
  }

  async #rested(): Promise<void> {
    await this.#running?.catch(() => undefined);
    const rest = this.#restUntil - this.#timing.now();
    if (rest > 0) await new Promise<void>((resolve) => void this.#timing.schedule(resolve, Math.ceil(rest)));
  }

  #start(): Promise<void> {
    const began = this.#timing.now();
    this.#running = this.#read().finally(() => {
      this.#running = undefined;
      const now = this.#timing.now();
      this.#restUntil = now + Math.min(REST * (now - began), LONGEST_REST_MS);
    });
    return this.#running;
  }
}
