import { UnexpectedReply } from '../redis/functions.ts';
import type { PartitionKeys } from '../redis/keys.ts';
import type { RedisLink } from '../redis/link.ts';
import type { LogEntry } from '../store/log-entry.ts';
import { clockOf, decodeStreamEntry, UnknownEntry } from '../store/redis/log-codec.ts';

/** Entries read at a time: a few hundred kilobytes. */
const PAGE = 1000;

type RawEntry = readonly [id: string, fields: readonly string[]];

/** Called with entries in log order, and the id (µs) up to which the log has now been read. */
export type OnEntries = (entries: readonly LogEntry[], upTo: number) => void;

/** The reply of replay.lua. */
export interface LogPage {
  readonly gen: string;
  readonly held: boolean;
  readonly raw: readonly RawEntry[];
}

/**
 * One page of a partition's log, and in the same step whether nothing before it was lost.
 * @param asked - '' for a reader with a cursor; see replay.lua.
 */
export const readPage = async (
  link: Pick<RedisLink, 'run'>,
  { meta, log, placeLog }: LogKeys,
  after: number,
  count: number,
  asked: '' | 'sure' | 'replaced',
): Promise<LogPage> => {
  const reply = await link.run('replay', placeLog === undefined ? [meta, log] : [meta, log, placeLog], [
    after,
    count,
    asked,
  ]);
  const [gen, held, raw] = Array.isArray(reply) ? reply : [];
  if (typeof gen !== 'string' || !Array.isArray(raw)) throw new UnexpectedReply('replay', reply);
  return { gen, held: held === 1, raw: raw as unknown as RawEntry[] };
};

/** The log of a partition, what says how far it reaches back, and, for who follows places, their log. */
export type LogKeys = Pick<PartitionKeys, 'meta' | 'log'> & Partial<Pick<PartitionKeys, 'placeLog'>>;

/** Reads partition logs by position. */
export class LogReader {
  readonly #link: Pick<RedisLink, 'run'>;

  constructor(link: Pick<RedisLink, 'run'>) {
    this.#link = link;
  }

  /**
   * Everything after `after` (µs), oldest first, in pages.
   * @param isReplaceable - the entry at `after` may be one that a newer entry replaced since.
   * @returns whether nothing can be missing: the log still held `after` itself (for 0: it never was trimmed), and
   * every entry could be read.
   */
  async read(keys: LogKeys, after: number, onEntries: OnEntries, isReplaceable: boolean): Promise<boolean> {
    let isWhole = true;
    for (let from = after; ; ) {
      const asked = from === after && isReplaceable ? 'replaced' : 'sure';
      const { held, raw } = await readPage(this.#link, keys, from, PAGE, asked);
      if (from === after) isWhole = held;
      const last = raw.at(-1);
      if (last !== undefined) {
        from = clockOf(last[0]);
        const decoded = decode(raw);
        // An unreadable entry is skipped; otherwise the partition would never get past it.
        if (decoded.isDamaged) isWhole = false;
        onEntries(decoded.entries, from);
      }
      if (raw.length < PAGE) return isWhole;
    }
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
