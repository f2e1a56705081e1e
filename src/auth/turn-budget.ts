import { Fifo } from './fifo.ts';

/**
 * Runs short synchronous jobs on the event loop, within a time budget per turn: at once while the turn has time left,
 * otherwise in order of arrival in later turns, between which sockets and timers get their time.
 */
export class TurnBudget {
  readonly #budgetMs: number;
  readonly #now: () => number;
  readonly #waiting = new Fifo<() => void>();
  #spentMs = 0;
  #scheduled = false;

  /** @param now - monotonic milliseconds. */
  constructor(budgetMs: number, now: () => number) {
    this.#budgetMs = budgetMs;
    this.#now = now;
  }

  /** @param job - does its work before it returns its promise. */
  run<T>(job: () => Promise<T>): Promise<T> {
    this.#scheduleTurn();
    // No job is overtaken: a turn ends with its budget spent or with an empty queue.
    if (this.#spentMs < this.#budgetMs) return this.#timed(job);
    return new Promise<T>((resolve) => this.#waiting.push(() => resolve(this.#timed(job))));
  }

  async #timed<T>(job: () => Promise<T>): Promise<T> {
    const began = this.#now();
    const result = job();
    this.#spentMs += this.#now() - began;
    return result;
  }

  /** Immediates run once a turn, after input and output. */
  #scheduleTurn(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    this.#spentMs = 0;
    while (this.#spentMs < this.#budgetMs) {
      const start = this.#waiting.shift();
      if (start === undefined) break;
      start();
    }
    // Runs once more with an empty queue, to reset what was just spent.
    if (this.#waiting.size > 0 || this.#spentMs > 0) this.#scheduleTurn();
  }
}
