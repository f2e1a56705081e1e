/** A limit of so many a second after a burst: two numbers, filled up by the clock when it is read. No timer, no array. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  constructor(burst: number, now: number) {
    this.#tokens = burst;
    this.#at = now;
  }

  /** @returns whether there was a token to take. */
  take(rate: number, burst: number, now: number): boolean {
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) * rate) / 1000);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** What was taken was not used. */
  giveBack(): void {
    this.#tokens += 1;
  }

  /** After a refusal: ms until there is a token. */
  waitMs(rate: number): number {
    return ((1 - this.#tokens) * 1000) / rate;
  }
}
