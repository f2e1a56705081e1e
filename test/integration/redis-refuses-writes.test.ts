import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { healBound, SLACK_MS, TIMINGS } from '../support/timings.ts';
import { until } from '../support/until.ts';

/** Every way of reading about somebody, by the path that reads it. */
const READS = [
  '/v1/presence/users/new',
  '/v1/presence/count',
  '/v1/presence/online',
  '/v1/presence/count?group=g',
];

/** Ways in which Redis answers, heartbeats perhaps included, but takes nothing that nodes write. */
const REFUSALS: [
  name: string,
  refuse: (redis: RedisServer) => Promise<unknown>,
  accept: (redis: RedisServer) => Promise<unknown>,
][] = [
  [
    'out of memory',
    (redis) => redis.call('CONFIG', 'SET', 'maxmemory', '1mb'),
    (redis) => redis.call('CONFIG', 'SET', 'maxmemory', '0'),
  ],
  [
    'short of replicas',
    (redis) => redis.call('CONFIG', 'SET', 'min-replicas-to-write', '1'),
    (redis) => redis.call('CONFIG', 'SET', 'min-replicas-to-write', '0'),
  ],
  [
    'a replica by now',
    (redis) => redis.call('REPLICAOF', '127.0.0.1', '1'),
    (redis) => redis.call('REPLICAOF', 'NO', 'ONE'),
  ],
];

describe.skipIf(!hasRedisBinary)('Redis may be unreachable: while Redis answers but refuses writes', () => {
  let redis: RedisServer;
  let cluster: Cluster;
  beforeEach(async () => {
    redis = await RedisServer.start();
    cluster = await Cluster.start({ nodes: 2, redis });
  });
  afterEach(async () => {
    await cluster?.stop();
    await redis?.stop();
  });

  it.each(REFUSALS)(
    '%s: no read says a wrong `offline`, and everybody is told',
    async (_, refuse, accept) => {
      const watcher = await cluster.connect('watcher', { node: 1 });
      await refuse(redis);
      const fresh = await cluster.connect('new', { node: 0, claims: { groups: ['g'] } });
      await fresh.until(() => fresh.of('degraded').at(-1)?.on, { what: 'degraded where somebody came' });
      for (const path of READS) {
        expect((await cluster.http(path, { node: 0 })).status, `${path} on their node`).toBe(503);
      }
      // The other node has nothing to write, and hears of it by its heartbeats.
      await watcher.until(() => watcher.of('degraded').at(-1)?.on, { what: 'degraded on the other node' });
      for (const path of READS) {
        expect((await cluster.http(path, { node: 1 })).status, `${path} on the other node`).toBe(503);
      }
      const asked = await watcher.ask({ type: 'watch', users: ['new'] }, 4 * TIMINGS.redisCommandTimeoutMs);
      expect(asked).toMatchObject({ type: 'error', code: 'unavailable' });
      await until(async () => (await cluster.node(0).readyStatus()) === 503, {
        timeoutMs: 10_000,
        what: 'readiness to say so',
      });
      expect(await cluster.node(0).metric('rollcall_degraded')).toBe(1);

      await accept(redis);
      for (const client of [fresh, watcher]) {
        await client.until(() => client.of('degraded').at(-1)?.on === false, {
          what: 'fresh again',
          timeoutMs: healBound() + SLACK_MS,
        });
      }
      expect((await cluster.http('/v1/presence/users/new', { node: 1 })).json.status).toBe('online');
    },
  );
});
