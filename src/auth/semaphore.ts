import { Fifo } from './fifo.ts';

/**
 * Lets a few asynchronous jobs run at once and keeps the others in order of arrival. Verifications queued on the
 * thread pool itself would delay every name lookup and file read of the process; queued here they do not.
 */
export class Semaphore {
  #free: number;
  readonly #waiting = new Fifo<() => void>();

  constructor(limit: number) {
    this.#free = limit;
  }

  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resume) => this.#waiting.push(resume));
    try {
      return await job();
    } finally {
      // The slot goes directly to the oldest waiting job, so that no later one can take it.
      const resume = this.#waiting.shift();
      if (resume === undefined) this.#free++;
      else resume();
    }
  }
}
