import type { RedisLink } from '../redis/link.ts';
import type { LogEntry } from '../store/log-entry.ts';
import { clockOf, decodeStreamEntry, streamId, UnknownEntry } from '../store/redis/log-codec.ts';

/** Entries read at a time: a few hundred kilobytes. */
const PAGE = 1000;

type RawEntry = readonly [id: string, fields: readonly string[]];

/** Called with entries in log order, and the id (µs) up to which the log has now been read. */
export type OnEntries = (entries: readonly LogEntry[], upTo: number) => void;

/** Reads partition logs by position. */
export class LogReader {
  readonly #link: Pick<RedisLink, 'command'>;

  constructor(link: Pick<RedisLink, 'command'>) {
    this.#link = link;
  }

  /**
   * Everything after `after` (µs), oldest first, in pages.
   * @returns whether nothing can be missing: the log still held `after` itself (for 0: it never was trimmed), and
   * every entry could be read.
   */
  async read(log: string, after: number, onEntries: OnEntries): Promise<boolean> {
    let isWhole = false;
    let isDamaged = false;
    for (let from = after; ; ) {
      const page = (await this.#link.command('XRANGE', log, streamId(from), '+', 'COUNT', PAGE)) as [
        string,
        string[],
      ][];
      const fresh = page.filter(([id]) => clockOf(id) > from);
      if (from === after && fresh.length < page.length) isWhole = true;
      const last = fresh.at(-1);
      if (last !== undefined) {
        from = clockOf(last[0]);
        const decoded = decode(fresh);
        // An unreadable entry is skipped; otherwise the partition would never get past it.
        isDamaged ||= decoded.isDamaged;
        onEntries(decoded.entries, from);
      }
      if (page.length < PAGE) break;
    }
    if (after === 0) isWhole = await this.#wasNeverTrimmed(log);
    return isWhole && !isDamaged;
  }

  async #wasNeverTrimmed(log: string): Promise<boolean> {
    if ((await this.#link.command('EXISTS', log)) === 0) return true;
    const about = (await this.#link.command('XINFO', 'STREAM', log)) as unknown[];
    const field = (name: string): unknown => about[about.indexOf(name) + 1];
    return field('entries-added') === field('length');
  }
}

const decode = (page: readonly RawEntry[]): { entries: LogEntry[]; isDamaged: boolean } => {
  const entries: LogEntry[] = [];
  let isDamaged = false;
  for (const [id, fields] of page) {
    try {
      entries.push(decodeStreamEntry(id, fields));
    } catch (error) {
      if (!(error instanceof UnknownEntry)) isDamaged = true;
    }
  }
  return { entries, isDamaged };
};
