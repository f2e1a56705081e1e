import type { LogEntry } from '../store/log-entry.ts';
import { EntryList } from './entry-list.ts';
import { CursorLost, type ReplayPage } from './feed.ts';

const PAGE = 500;
/** What an entry of a place takes beside its texts, bytes, about. */
const ENTRY_BYTES = 400;

export interface MemoryLogOptions {
  readonly keepSeconds: number;
  /** Entries, without those of places. */
  readonly keepEntries: number;
  /** What is kept of places, which are apart: they push out no status. */
  readonly keepPlaceBytes: number;
}

/** The newest entries of one partition, bounded by age, and by number or bytes. */
export class MemoryLog {
  readonly #keepMicros: number;
  readonly #entries: EntryList;
  readonly #places: EntryList;

  constructor({ keepSeconds, keepEntries, keepPlaceBytes }: MemoryLogOptions) {
    this.#keepMicros = keepSeconds * 1_000_000;
    this.#entries = new EntryList(keepEntries);
    this.#places = new EntryList(keepPlaceBytes, bytesOf);
  }

  append(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      if (entry.kind !== 'place') {
        this.#entries.append(entry);
        continue;
      }
      if (entry.replaces !== undefined) this.#places.remove(entry.replaces);
      this.#places.append(entry);
    }
  }

  /** @param clock - the hybrid clock as it is now, µs. */
  trim(clock: number): void {
    const oldest = clock - this.#keepMicros;
    this.#entries.trim(oldest);
    this.#places.trim(oldest);
  }

  /** @param hasPlaces - for a reader who follows places. */
  holds(after: number, hasPlaces: boolean): boolean {
    return this.#entries.holds(after) && (!hasPlaces || this.#places.holds(after));
  }

  /** @throws CursorLost */
  after(after: number, hasPlaces: boolean): ReplayPage {
    if (!this.holds(after, hasPlaces)) throw new CursorLost();
    const others = this.#entries.after(after, PAGE);
    const places = hasPlaces ? this.#places.after(after, PAGE) : [];
    const entries =
      places.length === 0 ? others : [...others, ...places].sort((a, b) => a.id - b.id).slice(0, PAGE);
    return { entries, upTo: entries.at(-1)?.id ?? after, end: entries.length < PAGE };
  }
}

const bytesOf = (entry: LogEntry): number => {
  if (entry.kind !== 'place') return ENTRY_BYTES;
  const { place, user, name = '', data = '' } = entry.place;
  return ENTRY_BYTES + 2 * (place.length + user.length + name.length + data.length);
};
