import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

describe.skipIf(!hasRedisBinary)('a Redis whose password changes', () => {
  let redis: RedisServer;
  let cluster: Cluster;
  let dir: string;
  const file = (): string => join(dir, 'redis-url');
  const urlWith = (password: string): string => `redis://:${password}@127.0.0.1:${redis.port}`;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rollcall-password-'));
    redis = await RedisServer.start({ args: ['--requirepass', 'first'], connection: { password: 'first' } });
    await writeFile(file(), `${urlWith('first')}\n`);
    cluster = await Cluster.start({ nodes: 0, redis });
    await cluster.addNode({ REDIS_URL: undefined, REDIS_URL_FILE: file() });
    await cluster.addNode({ REDIS_URL: urlWith('first') });
  });
  afterAll(async () => {
    await cluster?.stop();
    await rm(dir, { recursive: true, force: true });
  });
  const refusals = (node: number): string[] =>
    cluster.node(node).logs.filter((line) => line.includes('WRONGPASS'));

  it('is one warning with the cause; a new password in the file is enough, without a restart', async () => {
    const ann = await cluster.connect('ann');
    const admin = redis.client();
    await admin.config('SET', 'requirepass', 'second');
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal');
    for (const node of [0, 1]) {
      await until(() => refusals(node).length > 0, { what: 'the warning' });
      await until(
        async () =>
          /rollcall_redis_errors_total\{.*code="wrongpass"\} [1-9]/.test(
            await cluster.node(node).metricsText(),
          ),
        { what: 'the metric' },
      );
    }
    expect(refusals(0)[0]).toContain('"level":"warn"');
    expect(refusals(0)[0]).toContain(`127.0.0.1:${redis.port}`);
    await writeFile(file(), `${urlWith('second')}\n`);
    await until(async () => (await cluster.http('/v1/presence/users/ann')).status === 200, {
      what: 'reads again',
      timeoutMs: 15_000,
    });
    const ben = await cluster.connect('ben');
    expect(await ben.watch({ users: ['ann'] })).toMatchObject([{ user: 'ann', status: 'online' }]);
    expect(ann.closed).toBeUndefined();
    expect([refusals(0).length, refusals(1).length]).toEqual([1, 1]);
    const said = [0, 1].flatMap((node) => cluster.node(node).logs).join('\n');
    expect(said).not.toMatch(/:first@|:second@/);
  });
});
