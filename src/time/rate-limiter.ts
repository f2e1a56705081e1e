import { RecentlyUsed } from './recently-used.ts';
import { TokenBucket } from './token-bucket.ts';

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

/** Token buckets by key (an address, a user). One that is full again carries no information and is dropped. */
export class RateLimiter {
  readonly #rate: number;
  readonly #burst: number;
  readonly #now: () => number;
  readonly #buckets: RecentlyUsed<TokenBucket>;

  constructor({
    rate,
    burst = Math.max(1, rate),
    maxKeys = 50_000,
    now = () => performance.now(),
  }: RateLimit) {
    this.#rate = rate;
    this.#burst = burst;
    this.#now = now;
    this.#buckets = new RecentlyUsed({ keepMs: (burst * 1000) / rate, max: maxKeys });
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
    if (this.#rate === 0) return 0;
    const now = this.#now();
    const bucket = this.#buckets.use(key, now, () => new TokenBucket(this.#burst, now));
    return bucket.take(this.#rate, this.#burst, now) ? 0 : bucket.waitMs(this.#rate);
  }
}
