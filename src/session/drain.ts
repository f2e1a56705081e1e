import { setTimeout as sleep } from 'node:timers/promises';
import { reconnectFrame } from '../protocol/server-frames.ts';
import { shuffle } from '../time/shuffle.ts';
import type { Session } from './session.ts';

/** How a drain goes. */
export interface DrainOptions {
  /** Over how long the connections are closed, ms. */
  readonly windowMs: number;
  /** Clients are asked to come back within this long, ms: it spreads those that were closed together. */
  readonly reconnectMs: number;
  readonly monotonic: () => number;
  readonly random: () => number;
}

const STEP_MS = 25;
/** Sockets closed in one go, also when there is no time left. */
const BATCH = 500;

/** Sends every connection away, one after another, so that they do not all arrive elsewhere at once. */
export class Drain {
  readonly #options: DrainOptions;
  readonly #left: Session[];
  #at: number;
  #end: number;

  constructor(sessions: Iterable<Session>, options: DrainOptions) {
    this.#options = options;
    // Who connected together shall not be sent away together.
    this.#left = shuffle([...sessions], options.random);
    this.#at = options.monotonic();
    this.#end = this.#at + options.windowMs;
  }

  /** A caller has less time. */
  hurry(windowMs: number): void {
    this.#end = Math.min(this.#end, this.#options.monotonic() + windowMs);
  }

  /** Resolves when every connection has been notified and has closed. */
  async run(): Promise<void> {
    while (this.#left.length > 0) {
      this.#closeDue();
      if (this.#left.length > 0)
        await sleep(Math.min(STEP_MS, Math.max(0, this.#end - this.#options.monotonic())));
    }
  }

  /** Closes as many as keeps the rest in step with the time that is left. */
  #closeDue(): void {
    const { monotonic, random, reconnectMs } = this.#options;
    const now = monotonic();
    const left = Math.max(0, this.#end - now);
    const share = left === 0 ? 1 : (now - this.#at) / (now - this.#at + left);
    // Rounded by chance: a few connections would else all go in the first steps.
    const count = Math.min(BATCH, Math.floor(this.#left.length * share + (left === 0 ? 0 : random())));
    this.#at = now;
    for (const session of this.#left.splice(this.#left.length - count)) {
      if (session.open) session.send(reconnectFrame(random() * reconnectMs));
      session.close(1012, 'this node is restarting', 'drain');
    }
  }
}
