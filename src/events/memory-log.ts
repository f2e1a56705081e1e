import type { LogEntry } from '../store/log-entry.ts';
import { CursorLost, type ReplayPage } from './feed.ts';

const PAGE = 500;
/** Entries over the limit before any are dropped, because dropping moves all that stay. */
const SLACK = 1000;

/** The newest entries of one partition, bounded by age and number. */
export class MemoryLog {
  readonly #keepMicros: number;
  readonly #keepEntries: number;
  #entries: LogEntry[] = [];
  /** Everything up to here (µs) may be gone. */
  #cut = 0;

  constructor(keepSeconds: number, keepEntries: number) {
    this.#keepMicros = keepSeconds * 1_000_000;
    this.#keepEntries = keepEntries;
  }

  get last(): number {
    return this.#entries.at(-1)?.id ?? this.#cut;
  }

  append(entries: readonly LogEntry[]): void {
    this.#entries.push(...entries);
    if (this.#entries.length > this.#keepEntries + SLACK)
      this.#drop(this.#entries.length - this.#keepEntries);
  }

  /** @param clock - the hybrid clock as it is now, µs. */
  trim(clock: number): void {
    const oldest = clock - this.#keepMicros;
    const isOld = (this.#entries[0]?.id ?? oldest) < oldest;
    if (isOld) this.#drop(this.#indexAfter(oldest - 1));
    if (this.#entries.length > this.#keepEntries) this.#drop(this.#entries.length - this.#keepEntries);
  }

  holds(after: number): boolean {
    return after >= this.#cut;
  }

  /** @throws CursorLost */
  after(after: number): ReplayPage {
    if (!this.holds(after)) throw new CursorLost();
    const from = this.#indexAfter(after);
    const entries = this.#entries.slice(from, from + PAGE);
    return { entries, upTo: entries.at(-1)?.id ?? after, end: entries.length < PAGE };
  }

  #drop(count: number): void {
    const dropped = this.#entries.splice(0, count);
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
