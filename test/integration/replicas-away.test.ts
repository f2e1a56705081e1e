import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

/** Replicas are waited for for half of it. */
const COMMAND_MS = 4_000;
const REPLICAS_MS = COMMAND_MS / 2;
const ADMIN = { sub: 'operator', scope: 'admin' };

describe.skipIf(!hasRedisBinary)('a replica that is away, with WRITE_REPLICAS=1', () => {
  let redis: RedisServer;
  let replica: RedisServer;
  let cluster: Cluster;
  beforeAll(async () => {
    redis = await RedisServer.start();
    replica = await RedisServer.start({ args: ['--replicaof', redis.host, String(redis.port)] });
    await until(async () => (await redis.info('connected_slaves', 'replication')) === '1');
    await until(async () => (await replica.info('master_link_status', 'replication')) === 'up');
    cluster = await Cluster.start({
      nodes: 1,
      redis,
      env: { WRITE_REPLICAS: '1', PARTITIONS: '1', REDIS_COMMAND_TIMEOUT_MS: `${COMMAND_MS}` },
    });
  });
  afterEach(async () => {
    replica.resume();
    await cluster.disconnectAll();
  });
  afterAll(async () => {
    await cluster?.stop();
    await replica?.stop();
  });
  /** Some connect. @returns which of them were welcomed without being stored, because that took a second or more. */
  const heldUp = async (
    name: string,
    before: () => Promise<void> | void = () => undefined,
  ): Promise<number[]> => {
    const unknown: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      await before();
      const client = await cluster.connect(`${name}-${i}`);
      if (client.of('welcome')[0]?.self === undefined) unknown.push(i);
    }
    return unknown;
  };

  /** Everything on the connection to Redis, heartbeats too, once stood behind the wait for a replica. */
  it('holds up nobody while somebody hidden turns idle and active', async () => {
    const hidden = await cluster.connect('hidden');
    hidden.send({ type: 'status', status: 'invisible', ref: 'hides' });
    await hidden.until(() => hidden.of('ack').some(({ ref }) => ref === 'hides'));
    replica.pause();
    let idle = false;
    const late = await heldUp('bystander', async () => {
      idle = !idle;
      hidden.send({ type: 'activity', state: idle ? 'idle' : 'active' });
      await hidden.ask({ type: 'ping' });
    });
    expect(late).toEqual([]);
  });

  it('holds up who hides, and nobody else', async () => {
    const hidden = await cluster.connect('hides-now');
    replica.pause();
    const from = performance.now();
    hidden.send({ type: 'status', status: 'invisible', ref: 'hides' });
    const late = await heldUp('other');
    expect(late).toEqual([]);
    await hidden.until(() => hidden.of('error').some(({ ref }) => ref === 'hides'));
    expect(hidden.of('error').at(-1)).toMatchObject({ code: 'unavailable' });
    expect(performance.now() - from).toBeGreaterThan(REPLICAS_MS / 2);
  });

  it('holds up nobody while somebody is revoked or forgotten, who is not answered before it', async () => {
    const calls: [string, string][] = [
      ['POST', '/v1/users/revoked/revoke'],
      ['DELETE', '/v1/presence/users/forgotten'],
    ];
    for (const [method, path] of calls) {
      replica.pause();
      const answer = cluster.http(path, { method, claims: ADMIN });
      expect(await heldUp(path.replaceAll('/', '-'))).toEqual([]);
      expect((await answer).status).toBe(503);
      replica.resume();
      await until(async () => (await cluster.http(path, { method, claims: ADMIN })).status === 204);
    }
  });
});
