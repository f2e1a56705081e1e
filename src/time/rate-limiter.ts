/** How a {@link RateLimiter} is set up. */
export interface RateLimit {
  /** Tokens a second; 0 means no limit. */
  readonly rate: number;
  /** Tokens a key that was quiet may spend at once; by default one second's worth. */
  readonly burst?: number;
  /** Keys remembered. Beyond it the key unused for longest is forgotten, which gives it a full bucket again. */
  readonly maxKeys?: number;
  /** Monotonic clock, ms. */
  readonly now?: () => number;
}

interface Bucket {
  tokens: number;
  /** When `tokens` was counted, ms. */
  at: number;
}

/** Full buckets dropped a call: more than the one that a call can add, so the table shrinks again after a flood. */
const SWEEP = 2;

/**
 * Token buckets by key (an address, a user) in bounded memory and without timers. A bucket refills by the clock when
 * it is read; one that is full again carries no information and is dropped.
 */
export class RateLimiter {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #maxKeys: number;
  readonly #now: () => number;
  /** In order of last use, the longest unused first: the order in which a Map iterates. */
  readonly #buckets = new Map<string, Bucket>();

  constructor({
    rate,
    burst = Math.max(1, rate),
    maxKeys = 50_000,
    now = () => performance.now(),
  }: RateLimit) {
    this.#perMs = rate / 1000;
    this.#burst = burst;
    this.#maxKeys = maxKeys;
    this.#now = now;
  }

  /** Keys remembered now. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Takes one token.
   *
   * @returns 0 when there was one, otherwise the ms until there is; a refusal costs nothing, so that a client that
   * waits that long is served.
   */
  take(key: string): number {
    if (this.#perMs === 0) return 0;
    const now = this.#now();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, at: now };
    bucket.tokens = this.#filled(bucket, now);
    bucket.at = now;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    this.#forget(now);
    if (bucket.tokens < 1) return (1 - bucket.tokens) / this.#perMs;
    bucket.tokens -= 1;
    return 0;
  }

  #filled(bucket: Bucket, now: number): number {
    return Math.min(this.#burst, bucket.tokens + (now - bucket.at) * this.#perMs);
  }

  #forget(now: number): void {
    let looked = 0;
    for (const [key, bucket] of this.#buckets) {
      const over = this.#buckets.size > this.#maxKeys;
      if (!over && (looked === SWEEP || this.#filled(bucket, now) < this.#burst)) return;
      // The newest entry is the one just taken from; it must not be forgotten before it is charged.
      if (this.#buckets.size === 1) return;
      this.#buckets.delete(key);
      looked += 1;
    }
  }
}
