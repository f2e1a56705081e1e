/** Counts how often something happened lately. Made at the first time it happens, so that a quiet peer costs nothing. */
export class RecentTimes {
  readonly #limit: number;
  readonly #windowMs: number;
  #times: number[] = [];

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /**
   * It happened again.
   *
   * @param now - monotonic, ms.
   * @returns whether that was the `limit`-th time within the window.
   */
  add(now: number): boolean {
    if (this.#times.length >= this.#limit) this.#times.shift();
    this.#times.push(now);
    const oldest = this.#times[0] ?? now;
    return this.#times.length >= this.#limit && now - oldest < this.#windowMs;
  }
}
