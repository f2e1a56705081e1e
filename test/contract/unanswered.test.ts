import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../src/config/redis-url.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { RedisLink } from '../../src/redis/link.ts';
import { Library } from '../../src/store/redis/library.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { mastersOf, startTopology } from '../support/topologies/chosen-topology.ts';
import type { RedisTopology } from '../support/topologies/redis-topology.ts';
import { holds, until } from '../support/until.ts';

const COMMAND_MS = 3000;

let redis: RedisServer | RedisTopology | undefined;
let link: RedisLink | undefined;

const open = async (url: string): Promise<{ link: RedisLink; name: string }> => {
  const name = `link-${randomBytes(6).toString('hex')}`;
  link = new RedisLink(
    {
      address: parseRedisUrl(url),
      name,
      commandTimeoutMs: COMMAND_MS,
      metrics: createMetrics(),
      logger: pino({ level: 'silent' }),
      random: Math.random,
    },
    new Library(),
  );
  await link.start();
  return { link, name };
};

afterEach(async () => {
  await link?.stop();
  await redis?.stop();
});

/** Ends the connections of that name. @returns how many there were. */
const killNamed = async (server: RedisServer, name: string): Promise<number> => {
  const list = String(await server.call('CLIENT', 'LIST')).split('\n');
  const ids = list
    .filter((line) => line.includes(` name=${name} `))
    .map((line) => /id=(\d+)/.exec(line)?.[1]);
  for (const id of ids) await server.call('CLIENT', 'KILL', 'ID', id ?? '');
  return ids.length;
};

describe.skipIf(!hasRedisBinary)('a command of which nobody knows what became', () => {
  /** "A batch of unknown outcome is never sent again": not by the client either, when its connection is closed. */
  it.each(['standalone', 'sentinel', 'cluster'] as const)('is never sent again (%s)', async (kind) => {
    redis = await startTopology(kind);
    const opened = await open(redis.url);
    const key = 'counted';
    await opened.link.command('SET', key, 0);
    const masters = await mastersOf(redis);
    for (const master of masters) await master.call('CLIENT', 'PAUSE', 10_000, 'WRITE');
    const command = opened.link.command('INCR', key);
    const outcome = command.then(
      () => 'answered',
      () => 'unknown',
    );
    const from = performance.now();
    const killed = await Promise.all(masters.map((master) => killNamed(master, opened.name)));
    expect(killed.reduce((sum, count) => sum + count, 0)).toBe(masters.length);
    expect(await outcome).toBe('unknown');
    // There and then: one that waits for an answer to a second try would take until its timeout.
    expect(performance.now() - from).toBeLessThan(COMMAND_MS - 500);
    // One that is sent again would be by then.
    await until(() => opened.link.command('GET', key), { what: 'a new connection' });
    await holds(() => true, 400);
    for (const master of masters) await master.call('CLIENT', 'UNPAUSE');
    expect(await opened.link.command('GET', key)).toBe('0');
  });
});

describe.skipIf(!hasRedisBinary)('a link that finds a replica in place of its master', () => {
  /** An address that always leads to the master leads somewhere else by now; but it may not, for a while. */
  it('connects anew, not more than once a second however many commands are refused', async () => {
    const server = await RedisServer.start();
    redis = server;
    const opened = await open(server.url);
    let lost = 0;
    opened.link.onTurn((up) => {
      if (!up) lost += 1;
    });
    await server.call('REPLICAOF', '127.0.0.1', '1');
    await holds(async () => {
      await opened.link.command('SET', 'key', 'value').catch(() => undefined);
      return true;
    }, 600);
    expect(lost).toBe(1);
    await server.call('REPLICAOF', 'NO', 'ONE');
    await until(async () => (await opened.link.command('SET', 'key', 'value')) === 'OK');
  });
});
