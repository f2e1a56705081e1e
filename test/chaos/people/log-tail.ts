import type { Cluster, Redis } from 'ioredis';
import { createKeys, type PartitionKeys } from '../../../src/redis/keys.ts';
import type { Status } from '../history/history.ts';

/** A transition as the stream holds it. */
export interface LogEntry {
  readonly partition: number;
  readonly gen: string;
  /** The id as one number, µs. */
  readonly id: number;
  readonly user: string;
  readonly status: Status;
  readonly previous: Status;
  readonly ver: number;
  readonly reason: string;
}

interface Cursor {
  readonly keys: PartitionKeys;
  at: string;
  gen: string | undefined;
}

const PAGE = 1_000;

/** Reads the streams of all partitions, each from its cursor, as a backend service would. */
export class LogTail {
  readonly #client: Redis | Cluster;
  readonly #cursors: readonly Cursor[];
  readonly #onEntry: (entry: LogEntry) => void;
  readonly #onReset: (partition: number, cursor: number) => void;

  constructor(options: {
    readonly client: Redis | Cluster;
    readonly prefix: string;
    readonly partitions: number;
    readonly onEntry: (entry: LogEntry) => void;
    /** The cursor is no longer held: what came after it may be missing. */
    readonly onReset: (partition: number, cursor: number) => void;
  }) {
    this.#client = options.client;
    this.#onEntry = options.onEntry;
    this.#onReset = options.onReset;
    this.#cursors = createKeys(options.prefix, options.partitions).partitions.map((keys) => ({
      keys,
      at: '0-0',
      gen: undefined,
    }));
  }

  /** Reads what there is. Never rejects: a store that is away is asked again the next time. */
  async poll(): Promise<void> {
    await Promise.all(
      this.#cursors.map((cursor, partition) => this.#read(cursor, partition).catch(() => undefined)),
    );
  }

  async #read(cursor: Cursor, partition: number): Promise<void> {
    const { meta, log } = cursor.keys;
    for (let page: [string, string[]][] = []; ; ) {
      const gen = await this.#client.hget(meta, 'gen');
      // Nobody has beaten since the loss: what the log holds cannot be told apart yet.
      if (gen === null) return;
      page = await this.#client.xrange(log, cursor.at, '+', 'COUNT', PAGE);
      const isHeld = cursor.at === '0-0' || page[0]?.[0] === cursor.at;
      const isSame = cursor.gen === undefined || cursor.gen === gen;
      if (!isHeld || !isSame) {
        this.#onReset(partition, micros(cursor.at));
        cursor.at = '0-0';
        cursor.gen = gen;
        continue;
      }
      cursor.gen = gen;
      const fresh = page.filter(([id]) => id !== cursor.at);
      for (const [id, fields] of fresh) this.#tell(partition, gen, id, fields);
      cursor.at = fresh.at(-1)?.[0] ?? cursor.at;
      if (page.length < PAGE) return;
    }
  }

  #tell(partition: number, gen: string, id: string, fields: readonly string[]): void {
    const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
    if (field('k') !== 't') return;
    const { user, status, previous, ver, reason } = JSON.parse(field('e')) as LogEntry;
    if (user.startsWith('user-'))
      this.#onEntry({ partition, gen, id: micros(id), user, status, previous, ver, reason });
  }
}

const micros = (id: string): number => {
  const [ms = 0, rest = 0] = id.split('-').map(Number);
  return ms * 1_000 + rest;
};
