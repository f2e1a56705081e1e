interface Used<T> {
  readonly value: T;
  at: number;
}

/** Looked at with each use: more than the one that a use can add, so that what is over goes without a timer. */
const SWEEP = 2;

export interface RecentlyUsedOptions {
  /** ms without use after which a value says nothing any more. */
  readonly keepMs: number;
  /** Beyond it the one unused for longest is dropped. */
  readonly max: number;
}

/** Values by key that are dropped some time after their last use, in bounded memory and without timers. */
export class RecentlyUsed<T> {
  readonly #options: RecentlyUsedOptions;
  /** In order of last use, the longest unused first: the order in which a Map iterates. */
  readonly #used = new Map<string, Used<T>>();

  constructor(options: RecentlyUsedOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#used.size;
  }

  /** @param now - monotonic, ms. */
  use(key: string, now: number, make: () => T): T {
    const used = this.#used.get(key) ?? { value: make(), at: now };
    used.at = now;
    this.#used.delete(key);
    this.#used.set(key, used);
    this.#sweep(now);
    return used.value;
  }

  /** What there is, without using it. */
  peek(key: string): T | undefined {
    return this.#used.get(key)?.value;
  }

  #sweep(now: number): void {
    const { keepMs, max } = this.#options;
    let looked = 0;
    for (const [key, { at }] of this.#used) {
      if (this.#used.size <= max && (looked === SWEEP || now - at < keepMs)) return;
      this.#used.delete(key);
      looked += 1;
    }
  }
}
