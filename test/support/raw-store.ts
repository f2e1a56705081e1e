import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { parseRedisUrl } from '../../src/config/redis-url.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { createKeys, type Keys } from '../../src/redis/keys.ts';
import { RedisLink } from '../../src/redis/link.ts';
import type { Beat } from '../../src/store/port/leases.ts';
import type { Batch, Entry } from '../../src/store/port/reports.ts';
import { RedisStore, type RedisStoreOptions } from '../../src/store/redis/redis-store.ts';
import { openObserver } from './observer.ts';
import { withOwnTime } from './own-time.ts';

/** A RedisStore on the real clock with short periods, and a client to look behind it. */
export interface RawStore {
  readonly store: RedisStore;
  readonly redis: Redis;
  readonly keys: Keys;
  /** As if Redis had lost everything: only this deployment's keys go, because others may use the same Redis. */
  loseEverything(): Promise<void>;
  stop(): Promise<void>;
}

export const INTERVAL = 200;
export const TTL = 800;
export const GRACE = 150;

let serial = 0;

export const openRawStore = async (
  url: string,
  more: Partial<RedisStoreOptions> = {},
  prefix = `raw-${process.pid}-${serial++}`,
): Promise<RawStore> => {
  const redis = openObserver(url);
  const partitions = more.partitions ?? 2;
  const keys = createKeys(prefix, partitions);
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
    partitions,
    lastSeen: 'exact',
    heartbeatIntervalMs: INTERVAL,
    heartbeatTtlMs: TTL,
    policy: {
      idleAwayMs: 60_000,
      idleOfflineMs: 120_000,
      graceMs: GRACE,
      retentionMs: 1_000_000,
      revocationMs: 1_000_000,
    },
    link,
    keys,
    eventLogSeconds: 3600,
    eventLogMax: 100_000,
    publishTenantEvents: true,
    writeReplicas: 0,
    replicaTimeoutMs: 500,
    newGeneration: () => `g${serial++}`,
    ...more,
  });
  await store.start();
  return {
    store,
    redis,
    keys,
    loseEverything: async () => {
      const found = await redis.keys(`${prefix}:*`);
      if (found.length > 0) await redis.del(...found);
    },
    stop: async () => {
      await store.stop();
      redis.disconnect();
    },
  };
};

export const beatOf = (node: string, more: Partial<Beat> = {}): Beat => ({
  node,
  seen: 0,
  acked: 0,
  lagMs: 0,
  ...more,
});

export const entryOf = (user: string, more: Partial<Entry> = {}): Entry => ({
  tenant: 'acme',
  user,
  count: 1,
  activeAgo: -1,
  idle: false,
  openedAgo: 0,
  closedAgo: -1,
  graceMs: GRACE,
  devices: ['web'],
  iat: 0,
  ...more,
});

export const batchOf = (
  node: string,
  gen: string,
  seq: number,
  entries: readonly Entry[],
  base = seq - 1,
): Batch => ({
  node,
  gen,
  seen: 0,
  base,
  seq,
  entries,
});
