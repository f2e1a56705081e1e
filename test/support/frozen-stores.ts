import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { parseRedisUrl } from '../../src/config/redis-url.ts';
import type { Policy } from '../../src/domain/model.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { createKeys, type Keys } from '../../src/redis/keys.ts';
import { RedisLink } from '../../src/redis/link.ts';
import type { LogEntry } from '../../src/store/log-entry.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import type { PresenceStore } from '../../src/store/presence-store.ts';
import { decodeStreamEntry } from '../../src/store/redis/log-codec.ts';
import { RedisStore, type RedisStoreOptions } from '../../src/store/redis/redis-store.ts';
import { openObserver } from './observer.ts';
import { MACHINE, withOwnTime } from './own-time.ts';

/** A store whose clock stands where the test puts it, far in the future of any real clock. */
export interface FrozenStore {
  readonly store: PresenceStore;
  readonly gen: string;
  /** Puts the clock to so many ms after {@link EPOCH}. */
  setTime(ms: number): Promise<void>;
  /** Everything logged so far, over all partitions. */
  log(): Promise<LogEntry[][]>;
  stop(): Promise<void>;
}

export const EPOCH = Date.UTC(2100, 0, 1);
export const POLICY: Policy = {
  idleAwayMs: 3000,
  idleOfflineMs: 9000,
  graceMs: 1000,
  retentionMs: 60_000,
  revocationMs: 90_000,
};
const SETTINGS = {
  partitions: 4,
  lastSeen: 'exact',
  heartbeatIntervalMs: 1_000_000,
  heartbeatTtlMs: 4_000_000,
} as const;

export const frozenMemory = async (
  policy = POLICY,
  more: Pick<Partial<RedisStoreOptions>, 'lastSeen'> = {},
): Promise<FrozenStore> => {
  let time = EPOCH;
  const logs: LogEntry[][] = Array.from({ length: SETTINGS.partitions }, () => []);
  const store = new MemoryStore({
    ...SETTINGS,
    ...more,
    policy,
    micros: () => time * 1000,
    publish: (partition, entries) => logs[partition]?.push(...entries),
  });
  return {
    store,
    gen: 'memory',
    setTime: async (ms) => {
      time = EPOCH + ms;
    },
    log: async () => logs.map(asKept),
    stop: async () => undefined,
  };
};

/** Entries as a log keeps them: without what later ones replaced. */
const asKept = (entries: readonly LogEntry[]): LogEntry[] => {
  const replaced = new Set(entries.map((entry) => (entry.kind === 'place' ? entry.replaces : undefined)));
  return entries
    .filter(({ id }) => !replaced.has(id))
    .map((entry) => (entry.kind === 'place' ? { id: entry.id, kind: 'place', place: entry.place } : entry));
};

export interface FrozenRedis extends FrozenStore {
  readonly redis: Redis;
  readonly keys: Keys;
}

export const frozenRedis = async (
  url: string,
  prefix: string,
  policy = POLICY,
  more: Partial<RedisStoreOptions> = {},
): Promise<FrozenRedis> => {
  const redis = openObserver(url);
  const keys = createKeys(prefix, SETTINGS.partitions);
  const link = new RedisLink(
    {
      address: parseRedisUrl(url),
      name: 'test',
      commandTimeoutMs: 5000,
      metrics: createMetrics(),
      logger: pino({ level: 'silent' }),
      random: Math.random,
    },
    withOwnTime(),
  );
  const store = new RedisStore({
    ...SETTINGS,
    policy,
    link,
    keys,
    eventLogSeconds: 1_000_000,
    eventLogMax: 1_000_000,
    publishTenantEvents: false,
    writeReplicas: 0,
    replicaTimeoutMs: 1000,
    newGeneration: () => 'g',
    ...more,
  });
  await store.start();
  const setTime = async (ms: number): Promise<void> => {
    const time = EPOCH + ms;
    for (const { meta } of keys.partitions) {
      await redis.hset(meta, { gen: 'g', tick: time, hold: 0, young: 0, [MACHINE]: time * 1000 });
    }
  };
  await setTime(0);
  return {
    redis,
    keys,
    store,
    gen: 'g',
    setTime,
    log: async () => {
      const logs = await Promise.all(
        keys.partitions.map(async ({ log, placeLog }) => [
          ...(await redis.xrange(log, '-', '+')),
          ...(await redis.xrange(placeLog, '-', '+')),
        ]),
      );
      return logs.map((entries) =>
        entries.map(([id, fields]) => decodeStreamEntry(id, fields)).sort((a, b) => a.id - b.id),
      );
    },
    stop: async () => {
      await store.stop();
      redis.disconnect();
    },
  };
};
