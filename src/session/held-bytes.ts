/**
 * Bytes of memory held by many connections, each separately, under one bound for all of them. Beyond the bound the
 * longest holder is evicted: one that only just began is most likely to finish soon.
 */
export class HeldBytes<T extends object> {
  readonly #max: number;
  readonly #evict: (holder: T) => void;
  /** In the order in which they began to hold something: that in which a Map iterates. */
  readonly #holders = new Map<T, number>();
  #total = 0;

  /** @param evict - ends what a holder does; it holds nothing any more by then. */
  constructor(max: number, evict: (holder: T) => void) {
    this.#max = max;
    this.#evict = evict;
  }

  get total(): number {
    return this.#total;
  }

  /** Holders of anything. */
  get size(): number {
    return this.#holders.size;
  }

  /** A holder holds so many more. */
  add(holder: T, bytes: number): void {
    this.#holders.set(holder, (this.#holders.get(holder) ?? 0) + bytes);
    this.#total += bytes;
    for (const longest of this.#holders.keys()) {
      if (this.#total <= this.#max) return;
      this.release(longest);
      this.#evict(longest);
    }
  }

  /** A holder holds nothing any more. Called again it does nothing. */
  release(holder: T): void {
    const bytes = this.#holders.get(holder);
    if (bytes === undefined) return;
    this.#holders.delete(holder);
    this.#total -= bytes;
  }
}
