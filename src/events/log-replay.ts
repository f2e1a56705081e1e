import { UnexpectedReply } from '../redis/functions.ts';
import type { RedisLink } from '../redis/link.ts';
import type { LogEntry } from '../store/log-entry.ts';
import { StoreError } from '../store/port/store-error.ts';
import { clockOf, decodeStreamEntry, UnknownEntry } from '../store/redis/log-codec.ts';
import { CursorLost, type Replay, type ReplayPage } from './feed.ts';
import { type LogKeys, type LogPage, readPage } from './log-reader.ts';
import { fingerprint, type Watermark } from './watermark.ts';

/** Entries read at a time: the longest that one reader may occupy Redis and this node before others have their turn. */
const PAGE = 500;

/** The logs of all partitions in Redis, read from a watermark on. */
export class LogReplay implements Replay {
  readonly from: number;
  readonly #link: Pick<RedisLink, 'run'>;
  readonly #logs: readonly LogKeys[];
  readonly #gens: readonly string[];
  readonly #onLost: (gens: readonly string[]) => void;

  private constructor(
    link: Pick<RedisLink, 'run'>,
    logs: readonly LogKeys[],
    from: number,
    gens: readonly string[],
    onLost: (gens: readonly string[]) => void,
  ) {
    this.#link = link;
    this.#logs = logs;
    this.from = from;
    this.#gens = gens;
    this.#onLost = onLost;
  }

  /**
   * @param onLost - called with the generations as they were read when the log cannot be read from there.
   * @returns `undefined` when a log no longer holds what follows, or the data is not that of the watermark.
   */
  static async open(
    link: Pick<RedisLink, 'run'>,
    logs: readonly LogKeys[],
    { clock, data }: Watermark,
    onLost: (gens: readonly string[]) => void,
  ): Promise<LogReplay | undefined> {
    const pages = await Promise.all(logs.map((log) => read(link, log, clock, 0)));
    const gens = pages.map(({ gen }) => gen);
    if (fingerprint(gens) !== data || !pages.every(({ held }) => held)) {
      onLost(gens);
      return undefined;
    }
    return new LogReplay(link, logs, clock, gens, onLost);
  }

  async entries(partition: number, after: number): Promise<ReplayPage> {
    const log = this.#logs[partition];
    if (!log) throw new RangeError(`there is no partition ${partition}`);
    const { gen, held, raw } = await read(this.#link, log, after, PAGE);
    if (!held || gen !== this.#gens[partition]) {
      this.#onLost(this.#gens.with(partition, gen));
      throw new CursorLost();
    }
    const last = raw.at(-1);
    return {
      entries: raw.flatMap(decode),
      upTo: last === undefined ? after : clockOf(last[0]),
      end: raw.length < PAGE,
    };
  }
}

/** @throws StoreError `unavailable` */
const read = (link: Pick<RedisLink, 'run'>, log: LogKeys, after: number, count: number): Promise<LogPage> =>
  readPage(link, log, after, count, '').catch((cause: unknown) => {
    if (cause instanceof UnexpectedReply) throw cause;
    throw new StoreError('unavailable', 'the log cannot be read now; try again', { cause });
  });

/** @throws CursorLost for an unreadable entry: a reader that reaches it has to read a snapshot. */
const decode = ([id, fields]: LogPage['raw'][number]): LogEntry[] => {
  try {
    return [decodeStreamEntry(id, fields)];
  } catch (error) {
    if (error instanceof UnknownEntry) return [];
    throw new CursorLost();
  }
};
