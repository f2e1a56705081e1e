import { UnexpectedReply } from '../redis/functions.ts';
import type { Keys } from '../redis/keys.ts';
import type { RedisLink } from '../redis/link.ts';
import type { LogEntry } from '../store/log-entry.ts';
import { StoreError } from '../store/port/store-error.ts';
import { clockOf, decodeStreamEntry, UnknownEntry } from '../store/redis/log-codec.ts';
import { CursorLost, type Replay, type ReplayPage } from './feed.ts';
import { fingerprint, type Watermark } from './watermark.ts';

/** Entries read at a time: the longest that one reader may occupy Redis and this node before others have their turn. */
const PAGE = 500;

type RawEntry = readonly [id: string, fields: readonly string[]];

/** The reply of replay.lua. */
interface Page {
  readonly gen: string;
  readonly held: boolean;
  readonly raw: readonly RawEntry[];
}

/** The logs of all partitions in Redis, read from a watermark on. */
export class LogReplay implements Replay {
  readonly from: number;
  readonly #link: Pick<RedisLink, 'run'>;
  readonly #keys: Keys;
  readonly #gens: readonly string[];
  readonly #onLost: (gens: readonly string[]) => void;

  private constructor(
    link: Pick<RedisLink, 'run'>,
    keys: Keys,
    from: number,
    gens: readonly string[],
    onLost: (gens: readonly string[]) => void,
  ) {
    this.#link = link;
    this.#keys = keys;
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
    keys: Keys,
    { clock, data }: Watermark,
    onLost: (gens: readonly string[]) => void,
  ): Promise<LogReplay | undefined> {
    const pages = await Promise.all(
      keys.partitions.map((_, partition) => read(link, keys, partition, clock, 0)),
    );
    const gens = pages.map(({ gen }) => gen);
    if (fingerprint(gens) !== data || !pages.every(({ held }) => held)) {
      onLost(gens);
      return undefined;
    }
    return new LogReplay(link, keys, clock, gens, onLost);
  }

  async entries(partition: number, after: number): Promise<ReplayPage> {
    const { gen, held, raw } = await read(this.#link, this.#keys, partition, after, PAGE);
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

/** One page, and in the same step whether nothing before it was lost. */
const read = async (
  link: Pick<RedisLink, 'run'>,
  keys: Keys,
  partition: number,
  after: number,
  count: number,
): Promise<Page> => {
  const of = keys.partitions[partition];
  if (!of) throw new RangeError(`there is no partition ${partition}`);
  const reply = await link.run('replay', [of.meta, of.log], [after, count]).catch((cause: unknown) => {
    throw new StoreError('unavailable', 'the log cannot be read now; try again', { cause });
  });
  const [gen, held, raw] = Array.isArray(reply) ? reply : [];
  if (typeof gen !== 'string' || !Array.isArray(raw)) throw new UnexpectedReply('replay', reply);
  return { gen, held: held === 1, raw: raw as unknown as RawEntry[] };
};

/** @throws CursorLost for an unreadable entry: a reader that reaches it has to read a snapshot. */
const decode = ([id, fields]: RawEntry): LogEntry[] => {
  try {
    return [decodeStreamEntry(id, fields)];
  } catch (error) {
    if (error instanceof UnknownEntry) return [];
    throw new CursorLost();
  }
};
