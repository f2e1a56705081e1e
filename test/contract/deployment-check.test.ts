import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ConfigError } from '../../src/config/config-error.ts';
import { parseRedisUrl } from '../../src/config/redis-url.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { createKeys } from '../../src/redis/keys.ts';
import { DeploymentCheck } from '../../src/store/redis/check/deployment-check.ts';
import { Certificates } from '../support/certificates.ts';
import { OldRedis } from '../support/old-redis.ts';
import { freePort } from '../support/ports.ts';
import { hasRedisBinary, type RedisOptions, RedisServer } from '../support/redis-server.ts';
import { ClusterTopology } from '../support/topologies/cluster-topology.ts';
import { SentinelTopology } from '../support/topologies/sentinel-topology.ts';
import { until } from '../support/until.ts';

interface Look {
  readonly check: DeploymentCheck;
  readonly warnings: string[];
  readonly wrong: ConfigError[];
}

const looks: Look[] = [];
const servers: { stop(): Promise<void> }[] = [];

const lookAt = (url: string, writeReplicas = 0): Look => {
  const warnings: string[] = [];
  const wrong: ConfigError[] = [];
  const address = parseRedisUrl(url);
  const logger = pino(
    { level: 'warn' },
    { write: (line: string) => void warnings.push((JSON.parse(line) as { msg: string }).msg) },
  );
  const check = new DeploymentCheck({
    link: {
      address,
      name: 'check',
      commandTimeoutMs: 1000,
      metrics: createMetrics(),
      logger,
      random: () => 0.5,
    },
    keys: createKeys('rollcall', 4),
    prefix: 'rollcall',
    isCluster: address.topology === 'cluster',
    publishTenantEvents: true,
    writeReplicas,
    onWrong: (error) => wrong.push(error),
  });
  const look = { check, warnings, wrong };
  looks.push(look);
  return look;
};

/** What the node would say before it ends with code 78. */
const verdictOn = async (url: string): Promise<string> => {
  const { check } = lookAt(url);
  const verdict = await check.start().then(
    () => 'right, or away',
    (error: ConfigError) => {
      expect(error).toMatchObject({ code: 'bad_config', setting: 'REDIS_URL' });
      return error.message;
    },
  );
  expect(verdict).not.toContain('\n');
  return verdict;
};

const start = async (options: RedisOptions = {}): Promise<RedisServer> => {
  const server = await RedisServer.start(options);
  servers.push(server);
  return server;
};

afterEach(async () => {
  for (const { check } of looks.splice(0)) await check.stop();
  for (const server of servers.splice(0)) await server.stop();
});

describe.skipIf(!hasRedisBinary)('a Redis that answers and is not what REDIS_URL says', () => {
  let plain: RedisServer;
  let sentinel: SentinelTopology;
  beforeAll(async () => {
    [plain, sentinel] = await Promise.all([RedisServer.start(), SentinelTopology.start()]);
  });
  afterAll(() => Promise.all([plain?.stop(), sentinel?.stop()]));

  it('a Cluster behind redis://', async () => {
    const { port } = await start({
      args: ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())],
    });
    expect(await verdictOn(`redis://127.0.0.1:${port}`)).toBe(
      `REDIS_URL says redis://, but 127.0.0.1:${port} is part of a Cluster: use redis+cluster://127.0.0.1:${port}`,
    );
  });

  it('a Redis on its own behind redis+cluster://', async () => {
    expect(await verdictOn(`redis+cluster://127.0.0.1:${plain.port}`)).toBe(
      `REDIS_URL says redis+cluster://, but 127.0.0.1:${plain.port} is a Redis on its own, not part of a Cluster: use redis://127.0.0.1:${plain.port}`,
    );
  });

  it('a Redis behind redis+sentinel://, and a Sentinel behind redis://', async () => {
    expect(await verdictOn(`redis+sentinel://127.0.0.1:${plain.port}/mymaster`)).toContain(
      'is a Redis, not a Sentinel',
    );
    const [port = 0] = sentinel.sentinels.map((each) => each.port);
    expect(await verdictOn(`redis://127.0.0.1:${port}`)).toContain(
      `127.0.0.1:${port} is a Sentinel: use redis+sentinel://127.0.0.1:${port}/<name of the master>`,
    );
  });

  it('sentinels that do not know the master', async () => {
    expect(await verdictOn(sentinel.url.replace('mymaster', 'theirs'))).toBe(
      'REDIS_URL names the master theirs, which the sentinels do not know: they watch mymaster',
    );
  });

  it('one that is too old', async () => {
    const old = await OldRedis.start('6.2.14');
    servers.push(old);
    expect(await verdictOn(old.url)).toMatch(
      /^REDIS_URL must name a Redis 7\.0 or newer: 127\.0\.0\.1:\d+ is 6\.2\.14$/,
    );
  });

  it('a database that is not there', async () => {
    expect(await verdictOn(`redis://127.0.0.1:${plain.port}/99`)).toContain('chooses database 99, which');
  });

  it('a certificate that nobody vouches for', async () => {
    const certificates = await Certificates.make();
    try {
      const { port } = await start({
        tls: true,
        args: certificates.serverArgs,
        connection: { tls: { ca: await readFile(certificates.ca) } },
      });
      expect(await verdictOn(`rediss://127.0.0.1:${port}`)).toContain(
        `says TLS, which fails with 127.0.0.1:${port}: self-signed certificate`,
      );
    } finally {
      await certificates.remove();
    }
  });

  it('a password that is missing or wrong, which is never repeated', async () => {
    const { port } = await start({ args: ['--requirepass', 'right'], connection: { password: 'right' } });
    expect(await verdictOn(`redis://127.0.0.1:${port}`)).toContain('has no password, but');
    expect(await verdictOn(`redis://:wr0ng@127.0.0.1:${port}`)).toBe(
      `REDIS_URL has a password that 127.0.0.1:${port} does not accept`,
    );
    const verdict = await verdictOn(`redis://somebody:wr0ng@127.0.0.1:${port}`);
    expect(verdict).toContain('has a user (somebody) or password that');
    expect(verdict).not.toContain('wr0ng');
    expect(await verdictOn(`redis://:right@127.0.0.1:${port}`)).toBe('right, or away');
  });

  it('a Redis with a password behind redis+sentinel://, whose URL has that password', async () => {
    const { port } = await start({ args: ['--requirepass', 'right'], connection: { password: 'right' } });
    expect(await verdictOn(`redis+sentinel://:right@127.0.0.1:${port}/mymaster`)).toMatch(
      /asks for a password: .*\(the one before @ is that of Redis\); if it is a Redis on its own, use redis:\/\/$/,
    );
  });

  it('a password of the sentinels that is missing or wrong', async () => {
    const guarded = await SentinelTopology.start({ sentinelPassword: 'right' });
    servers.push(guarded);
    expect(await verdictOn(guarded.url.replace(/\?.*/, ''))).toMatch(
      /^REDIS_URL says redis\+sentinel:\/\/, and 127\.0\.0\.1:\d+ asks for a password: if it is a Sentinel, set \?sentinelPassword=/,
    );
    expect(await verdictOn(guarded.url.replace('=right', '=wrong'))).toMatch(
      /127\.0\.0\.1:\d+ does not accept the sentinelPassword: if it is a Sentinel, set \?sentinelPassword=/,
    );
    expect(await verdictOn(guarded.url)).toBe('right, or away');
  });

  describe('a user whose rights are too few is told which', () => {
    const rule = ['~rollcall:*', '&rollcall:*', '+@all', '-@dangerous', '+info'];
    const asUser = async (...rules: string[]): Promise<string> => {
      await plain.call('ACL', 'SETUSER', 'limited', 'reset', 'on', '>secret', ...rules);
      return verdictOn(`redis://limited:secret@127.0.0.1:${plain.port}`);
    };

    it.each([
      ['some commands', [...rule, '-xadd', '-spublish'], '+xadd +spublish'],
      ['the keys', rule.slice(1), '~rollcall:*'],
      ['the channels', rule.filter((each) => !each.startsWith('&')), '&rollcall:*'],
      ['to ask who the server is', [...rule, '-info'], '+info'],
      ['to load functions', [...rule, '-function|load', '-function|list'], '+function|list'],
      ['to call functions', [...rule, '-fcall'], '+fcall'],
    ])('%s', async (_, rules, lacking) => {
      expect(await asUser(...rules)).toBe(
        `REDIS_URL has a user (limited) that lacks rights at 127.0.0.1:${plain.port}: ${lacking} (the whole rule is in docs/redis.md)`,
      );
    });

    it('and nothing else', async () => {
      expect(await asUser(...rule)).toBe('right, or away');
    });
  });
});

describe.skipIf(!hasRedisBinary)('a Redis that is away is no error', () => {
  it('and is right when it comes', async () => {
    const port = await freePort();
    const { check, wrong } = lookAt(`redis://127.0.0.1:${port}`);
    await check.start();
    const server = await start({ port, args: ['--maxmemory-policy', 'allkeys-lru'] });
    const [look] = looks;
    // The warning shows that it was looked at.
    await until(() => look?.warnings.length === 1, { what: 'a look at the Redis that came' });
    expect([wrong, server.running]).toEqual([[], true]);
  });

  it('and is told to be wrong when that comes', async () => {
    const port = await freePort();
    const { check, wrong } = lookAt(`redis+cluster://127.0.0.1:${port}`);
    await check.start();
    await start({ port });
    await until(() => wrong.length > 0, { what: 'a verdict' });
    expect(wrong.map(({ setting }) => setting)).toEqual(['REDIS_URL']);
  });

  it('is not asked any more once the node is stopped', async () => {
    const port = await freePort();
    const { check, wrong } = lookAt(`redis+cluster://127.0.0.1:${port}`);
    await check.start();
    await check.stop();
    const server = await start({ port });
    await until(async () => Number(await server.info('uptime_in_seconds', 'server')) >= 1);
    expect(wrong).toEqual([]);
  });

  it.each(['redis', 'redis+cluster'])('also one that accepts and says nothing (%s)', async (scheme) => {
    const server = await start();
    server.pause();
    const { check, wrong } = lookAt(`${scheme}://127.0.0.1:${server.port}`);
    await check.start();
    expect(wrong).toEqual([]);
    server.resume();
  });

  it('also some sentinels, or the master that they name', async () => {
    const topology = await SentinelTopology.start();
    servers.push(topology);
    const [one, two] = topology.sentinels;
    await one?.kill();
    expect(await verdictOn(topology.url)).toBe('right, or away');
    await two?.kill();
    // The last one's word is not enough to say that a master is unknown.
    expect(await verdictOn(topology.url.replace('mymaster', 'theirs'))).toBe('right, or away');
    await topology.servers[0]?.kill();
    expect(await verdictOn(topology.url)).toBe('right, or away');
  });
});

describe.skipIf(!hasRedisBinary)('what works and will hurt one day is warned about', () => {
  it('nothing, of a Redis as it should be', async () => {
    const { url } = await start();
    const { check, warnings } = lookAt(url);
    await check.start();
    expect(warnings).toEqual([]);
  });

  it('an eviction policy: it forgets who is here', async () => {
    const { url } = await start({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    const { check, warnings } = lookAt(url);
    await check.start();
    expect(warnings).toEqual([expect.stringMatching(/maxmemory-policy allkeys-lru: .*set noeviction$/)]);
  });

  it('replicas without min-replicas-to-write, and more WRITE_REPLICAS than there are', async () => {
    const topology = await SentinelTopology.start();
    servers.push(topology);
    const { check, warnings } = lookAt(topology.url, 3);
    await check.start();
    expect(warnings).toEqual([
      expect.stringMatching(/has replicas, but no min-replicas-to-write/),
      expect.stringMatching(/^WRITE_REPLICAS is 3, but redis 127\.0\.0\.1:\d+ has 2/),
    ]);
    await topology.servers[0]?.call('CONFIG', 'SET', 'min-replicas-to-write', '1');
    const again = lookAt(topology.url, 2);
    await again.check.start();
    expect(again.warnings).toEqual([]);
  });

  it('each master of a Cluster for itself, also when one of them is away', async () => {
    const topology = await ClusterTopology.start();
    servers.push(topology);
    const { check, warnings } = lookAt(topology.url);
    await check.start();
    expect(warnings).toHaveLength(3);
    await topology.servers[2]?.kill();
    const again = lookAt(topology.url);
    await again.check.start();
    expect(again.warnings).toHaveLength(2);
  });
});
