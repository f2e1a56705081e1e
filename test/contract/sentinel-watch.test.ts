import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../src/config/redis-url.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { RedisLink } from '../../src/redis/link.ts';
import { Library } from '../../src/store/redis/library.ts';
import { hasRedisBinary, type RedisServer } from '../support/redis-server.ts';
import { SentinelTopology } from '../support/topologies/sentinel-topology.ts';
import { until } from '../support/until.ts';

/** So long that no timeout of the link ends anything within these tests. */
const COMMAND_MS = 20_000;

describe.skipIf(!hasRedisBinary)('a link to the master that sentinels name', () => {
  let redis: SentinelTopology;
  let link: RedisLink;
  beforeAll(async () => {
    redis = await SentinelTopology.start();
  });
  afterAll(() => redis?.stop());
  beforeEach(async () => {
    link = new RedisLink(
      {
        address: parseRedisUrl(redis.url),
        name: 'watching',
        commandTimeoutMs: COMMAND_MS,
        metrics: createMetrics(),
        logger: pino({ level: 'silent' }),
        random: Math.random,
      },
      new Library(),
    );
    await link.start();
    for (const sentinel of redis.sentinels) await listenedTo(sentinel);
  });
  afterEach(() => link?.stop());

  const listenedTo = (sentinel: RedisServer): Promise<boolean> =>
    until(
      async () => String(await sentinel.call('CLIENT', 'LIST', 'TYPE', 'PUBSUB')).includes('name=watching'),
      {
        what: 'a subscription to a sentinel',
      },
    );

  it('leaves one that hangs as soon as it is replaced', async () => {
    const hung = await redis.master();
    hung.pause();
    try {
      await redis.replaced(hung);
      await until(() => link.command('SET', 'key', 'value'), {
        timeoutMs: COMMAND_MS / 4,
        what: 'an answer of the new master',
      });
    } finally {
      hung.resume();
    }
    await redis.healthy();
  });

  it('listens again to a sentinel that comes back', async () => {
    const [sentinel] = redis.sentinels;
    await sentinel?.restart();
    await listenedTo(sentinel as RedisServer);
    expect(link.up).toBe(true);
  });
});
