import type { RedisLink } from '../redis/link.ts';
import type { LogEntry } from '../store/log-entry.ts';
import { clockOf, decodeStreamEntry, streamId } from './log-codec.ts';

/** Entries read at a time: some hundred kilobytes. */
const PAGE = 1000;

/** Reads partition logs by position. */
export class LogReader {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /**
   * Everything after `after` (µs), oldest first, in pages.
   * @returns whether the log still held `after` itself, so that nothing can be missing between.
   */
  async read(log: string, after: number, onEntries: (entries: LogEntry[]) => void): Promise<boolean> {
    let from = after;
    let whole = after === 0;
    for (;;) {
      const page = (await this.#link.command('XRANGE', log, streamId(from), '+', 'COUNT', PAGE)) as [
        string,
        string[],
      ][];
      if (from === after && page[0] !== undefined && clockOf(page[0][0]) === after) whole = true;
      const fresh = page.filter(([id]) => clockOf(id) > from);
      if (fresh.length > 0) onEntries(fresh.map(([id, fields]) => decodeStreamEntry(id, fields)));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return whole;
      from = clockOf(last[0]);
    }
  }
}
