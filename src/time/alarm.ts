/** Calls back after this turn of the loop, or later. Set several times, it calls once, at the earliest moment. */
export class Alarm {
  readonly #now: () => number;
  readonly #ring: () => void;
  #soon: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #at = 0;
  #stopped = false;

  /** @param now - monotonic ms. */
  constructor(now: () => number, ring: () => void) {
    this.#now = now;
    this.#ring = ring;
  }

  /** After this turn of the loop, so that what arrives together is handled together. */
  soon(): void {
    if (this.#stopped) return;
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.#ring();
    });
  }

  within(ms: number): void {
    const at = this.#now() + ms;
    if (this.#stopped || (this.#timer !== undefined && this.#at <= at)) return;
    clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#ring();
    }, ms);
  }

  /** Stops it permanently. */
  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#soon);
    clearTimeout(this.#timer);
  }
}
