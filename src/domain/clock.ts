/**
 * The hybrid clock of one partition, in microseconds: never behind real time, never behind anything it allotted or
 * was told, so that versions rise strictly even when real time goes back.
 */
export class HybridClock {
  #last = 0;
  readonly #micros: () => number;

  /** @param micros - real time in µs since the epoch. */
  constructor(micros: () => number) {
    this.#micros = micros;
  }

  /** The time now, µs; also raises the clock to it. */
  now(): number {
    this.#last = Math.max(this.#last, this.#micros());
    return this.#last;
  }

  /** A moment never given before: the `ver` and log id of one transition. */
  next(): number {
    const last = this.#last;
    this.#last = Math.max(last + 1, this.#micros());
    return this.#last;
  }

  raise(seen: number): void {
    this.#last = Math.max(this.#last, seen);
  }
}

export const toMs = (micros: number): number => Math.floor(micros / 1000);
