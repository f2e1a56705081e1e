import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeys } from '../../src/redis/keys.ts';
import { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import { openObserver } from '../support/observer.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { healBound, SLACK_MS, TIMINGS } from '../support/timings.ts';
import { holds, until } from '../support/until.ts';

const OPERATOR = { sub: 'operator', scope: 'admin write read' };
/** Tokens issued up to so long after a revocation are refused with it. */
const SKEW_MS = 5000;

describe.skipIf(!hasRedisBinary)('lost data heals: a Redis that lost its revocations', () => {
  let redis: RedisServer;
  let cluster: Cluster;
  beforeEach(async () => {
    redis = await RedisServer.start();
    cluster = await Cluster.start({ nodes: 2, redis });
  });
  afterEach(() => cluster?.stop());

  const revoke = async (user: string): Promise<void> => {
    const answer = await cluster.http(`/v1/users/${user}/revoke`, { claims: OPERATOR, method: 'POST' });
    expect(answer.status).toBe(204);
  };
  const isHealthy = (node: number) => async (): Promise<boolean> =>
    (await cluster.http('/v1/presence/count', { node })).status === 200;
  const refusals = async (token: string, node: number): Promise<(number | undefined)[]> => {
    const { wsUrl } = cluster.node(node);
    const answers: (number | undefined)[] = [(await cluster.http('/v1/presence/me', { token, node })).status];
    for (const signIn of ['header', 'subprotocol', 'frame'] as const)
      answers.push(await cluster.track(new Client(wsUrl, { token, signIn })).end());
    return answers;
  };

  it('has them again from the nodes that go on, and one that starts then refuses the same tokens', async () => {
    const watcher = await cluster.watcher('watcher');
    await watcher.watch({ users: ['ann', 'bob'] });
    await cluster.connect('bob', { node: 1 });
    await watcher.sees('bob', 'online');
    const old = await cluster.token('ann');
    await revoke('ann');
    const revokedAt = performance.now();
    // A token from long enough after it is good, and its user stays what they are through the loss.
    await until(() => performance.now() - revokedAt > SKEW_MS + 1000, { timeoutMs: SKEW_MS + SLACK_MS });
    const fresh = await cluster.token('ann');
    await cluster.connect('ann', { node: 1, token: fresh });
    await watcher.sees('ann', 'online');

    await redis.call('FLUSHALL');
    for (const node of [0, 1]) {
      await until(async () => (await isHealthy(node)()) === false, { timeoutMs: SLACK_MS, what: 'the loss' });
    }
    for (const node of [0, 1]) await until(isHealthy(node), { timeoutMs: healBound() + SLACK_MS });
    // The third did not exist when it was revoked, and the two who told of it go: what it knows it knows from Redis.
    await cluster.addNode();
    expect(await refusals(old, 2)).toEqual([401, 401, 4403, 4403]);
    expect((await cluster.http('/v1/presence/me', { token: fresh, node: 2 })).json).toMatchObject({
      user: 'ann',
      status: 'online',
    });
    const again = await cluster.connect('ann', { node: 2, token: fresh });
    await holds(() => again.closed === undefined, 2 * TIMINGS.heartbeatIntervalMs, 'the new token');
    for (const user of ['ann', 'bob']) expect(statuses(watcher, user).at(-1)).toBe('online');
    expect(statuses(watcher, 'bob')).toEqual(['online']);
    const keys = createKeys(cluster.prefix, 16).partitions.map(({ revoked }) => revoked);
    const observer = openObserver(redis.url);
    try {
      const lists = await Promise.all(keys.map((key) => observer.zrange(key, '0', '-1')));
      expect(lists.flat()).toEqual(['default:ann']);
    } finally {
      observer.disconnect();
    }
  });

  it('learns them from a node that was cut off, and with it nodes that let the token in meanwhile', async () => {
    const { proxy } = await cluster.addProxiedNode();
    // Both are issued before the revocation: on a slow machine one issued later is too new to be refused.
    const old = await cluster.token('ann');
    const oldWatching = await cluster.token({ sub: 'ann', scope: 'watch' });
    await revoke('ann');
    await until(async () => (await cluster.http('/v1/presence/me', { token: old, node: 2 })).status === 401);
    // Only the third knows, and Redis cannot hear it.
    proxy.cut();
    for (const node of [0, 1]) await cluster.node(node).kill();
    await redis.call('FLUSHALL');
    const late = cluster.nodes.length;
    await cluster.addNode();
    const ann = await cluster.connect('ann', { node: late, token: old });
    const watching = await cluster.connect('ann', { node: late, token: oldWatching });
    proxy.heal();
    expect(await ann.end(healBound() + SLACK_MS)).toBe(4403);
    expect(await watching.end(SLACK_MS)).toBe(4403);
    expect(await refusals(old, late)).toEqual([401, 401, 4403, 4403]);
  });
});
