/** Calls back after this turn of the loop, or later; asked several times, it calls once, at the nearest moment. */
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

  /** After this turn of the loop, so that what arrives together goes together. */
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

  /** For good. */
  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#soon);
    clearTimeout(this.#timer);
  }
}
