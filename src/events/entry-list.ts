import type { LogEntry } from '../store/log-entry.ts';

/** Entries over the limit before any are dropped, because dropping moves all that stay. */
const SLACK = 1000;

/** Entries in the order of their ids, of which the oldest are dropped. */
export class EntryList {
  readonly #max: number;
  readonly #sizeOf: (entry: LogEntry) => number;
  #entries: LogEntry[] = [];
  #size = 0;
  /** Everything up to here (µs) may be gone. */
  #cut = 0;

  /**
   * @param max - the size of all together.
   * @param sizeOf - of one; without it entries are counted.
   */
  constructor(max: number, sizeOf: (entry: LogEntry) => number = () => 1) {
    this.#max = max;
    this.#sizeOf = sizeOf;
  }

  append(entry: LogEntry): void {
    this.#entries.push(entry);
    this.#size += this.#sizeOf(entry);
    if (this.#isFull(SLACK)) this.#dropSurplus();
  }

  /** An entry that a newer one replaces: nothing of it is missing. */
  remove(id: number): void {
    const at = this.#indexAfter(id - 1);
    if (this.#entries[at]?.id !== id) return;
    // Mostly near the end, so that little moves.
    for (const entry of this.#entries.splice(at, 1)) this.#size -= this.#sizeOf(entry);
  }

  /** @param oldest - the id (µs) below which entries are too old. */
  trim(oldest: number): void {
    if ((this.#entries[0]?.id ?? oldest) < oldest) this.#drop(this.#indexAfter(oldest - 1));
    if (this.#isFull(0)) this.#dropSurplus();
  }

  holds(after: number): boolean {
    return after >= this.#cut;
  }

  after(after: number, count: number): readonly LogEntry[] {
    const from = this.#indexAfter(after);
    return this.#entries.slice(from, from + count);
  }

  #isFull(slack: number): boolean {
    return this.#size > this.#max && this.#size - this.#max > slack * (this.#size / this.#entries.length);
  }

  #dropSurplus(): void {
    let size = this.#size;
    const kept = this.#entries.findIndex((entry) => {
      if (size <= this.#max) return true;
      size -= this.#sizeOf(entry);
      return false;
    });
    this.#drop(kept < 0 ? this.#entries.length : kept);
  }

  #drop(count: number): void {
    const dropped = this.#entries.splice(0, count);
    for (const entry of dropped) this.#size -= this.#sizeOf(entry);
    this.#cut = dropped.at(-1)?.id ?? this.#cut;
  }

  /** Index of the first entry above an id: they rise. */
  #indexAfter(id: number): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.id ?? 0) > id) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
