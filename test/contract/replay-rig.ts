import type { EventFeed, LoggedTransition } from '../../src/events/feed.ts';
import type { LogEntry } from '../../src/store/log-entry.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { memoryFeed } from '../support/memory-feed.ts';
import { MACHINE } from '../support/own-time.ts';
import { entryOf, PARTITIONS, RealFeed } from './feed-rig.ts';

export { PARTITIONS };

/** How much the log keeps in tests that let it forget. */
export interface Keeping {
  readonly eventLogSeconds: number;
  readonly eventLogMax: number;
}

/** A feed of either kind, and somebody who writes what it reads. */
export interface ReplayRig {
  readonly feed: EventFeed;
  readonly delivered: LoggedTransition[];
  write(users: readonly string[], online?: boolean): Promise<void>;
  /** So many users of one partition. */
  users(count: number, partition: number): string[];
  /** Every partition has its heartbeat answered. */
  beat(): Promise<void>;
  /** So many seconds go by. */
  pass(seconds: number): Promise<void>;
  /** Everything is lost. */
  lose(): Promise<void>;
  stop(): Promise<void>;
}

const FOREVER: Keeping = { eventLogSeconds: 3600, eventLogMax: 1_000_000 };

const listen = (feed: EventFeed): LoggedTransition[] => {
  const delivered: LoggedTransition[] = [];
  feed.subscribe({ transition: (event) => delivered.push(event) });
  return delivered;
};

export const redisRig = async (
  url: string,
  store: Keeping = FOREVER,
): Promise<ReplayRig & { real: RealFeed }> => {
  const real = await RealFeed.start(url, { store });
  const all = [...Array(PARTITIONS).keys()];
  return {
    real,
    feed: real.feed,
    delivered: listen(real.feed),
    write: (users, online) => real.write(users, online),
    users: (count, partition) => real.users(count, partition),
    beat: async () => {
      for (const partition of all) await real.beat(partition);
    },
    pass: async (seconds) => {
      for (const { meta } of real.keys.partitions) {
        await real.redis.hsetnx(meta, MACHINE, Date.now() * 1000);
        await real.redis.hincrby(meta, MACHINE, seconds * 1_000_000);
      }
    },
    lose: async () => {
      const keys = await real.redis.keys(`${real.prefix}:*`);
      await real.redis.del(...keys);
    },
    stop: () => real.stop(),
  };
};

export const memoryRig = async (keeping: Keeping = FOREVER): Promise<ReplayRig> => {
  let ahead = 0;
  const micros = (): number => Math.floor((performance.timeOrigin + performance.now()) * 1000) + ahead;
  let feed = memoryFeed({ partitions: PARTITIONS, ...keeping });
  const open = (): MemoryStore =>
    new MemoryStore({
      partitions: PARTITIONS,
      lastSeen: 'exact',
      heartbeatIntervalMs: 60_000,
      heartbeatTtlMs: 600_000,
      policy: { idleAwayMs: 0, idleOfflineMs: 0, graceMs: 0, retentionMs: 600_000, revocationMs: 600_000 },
      micros,
      publish: (partition, entries) => feed.publish(partition, entries),
    });
  let store = open();
  let seq = 0;
  const rig = {
    get feed() {
      return feed;
    },
    delivered: listen(feed),
    write: async (users: readonly string[], online = true) => {
      const partition = store.partitionOf({ tenant: 'acme', user: users[0] ?? '' });
      seq += 1;
      const entries = users.map((user) => entryOf(user, online ? 1 : 0));
      await store.reports.apply(partition, { node: 'w1.0', gen: 'memory', seen: 0, base: 0, seq, entries });
    },
    users: (count: number, partition: number) => {
      const users: string[] = [];
      for (let i = 0; users.length < count; i += 1) {
        if (store.partitionOf({ tenant: 'acme', user: `user${i}` }) === partition) users.push(`user${i}`);
      }
      return users;
    },
    beat: async () => {
      for (let p = 0; p < PARTITIONS; p += 1) {
        const { gen, last, clock } = await store.leases.beat(p);
        feed.expect(p, gen, last, clock);
      }
    },
    pass: async (seconds: number) => {
      ahead += seconds * 1_000_000;
    },
    lose: async () => {
      feed = memoryFeed({ partitions: PARTITIONS, ...keeping, generation: 'two' });
      store = open();
    },
    stop: async () => undefined,
  };
  await rig.beat();
  return rig;
};

/** Everything after a watermark, by partition; `undefined` when the log does not hold it. */
export const replayed = async (feed: EventFeed, watermark: string): Promise<LogEntry[][] | undefined> => {
  const replay = await feed.replay(watermark);
  if (!replay) return undefined;
  const logs: LogEntry[][] = [];
  for (let p = 0; p < feed.partitions; p += 1) {
    const log: LogEntry[] = [];
    for (let at = replay.from; ; ) {
      const { entries, upTo, end } = await replay.entries(p, at);
      log.push(...entries);
      at = upTo;
      if (end) break;
    }
    logs.push(log);
  }
  return logs;
};
