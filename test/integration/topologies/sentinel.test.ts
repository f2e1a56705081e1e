import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../../support/cluster.ts';
import { Crowd } from '../../support/crowd.ts';
import { hasRedisBinary } from '../../support/redis-server.ts';
import { healBound, SLACK_MS } from '../../support/timings.ts';
import { SentinelTopology } from '../../support/topologies/sentinel-topology.ts';
import { until } from '../../support/until.ts';

describe.skipIf(!hasRedisBinary)('lost data heals, on Sentinel', () => {
  let redis: SentinelTopology;
  let cluster: Cluster;
  let crowd: Crowd;
  beforeAll(async () => {
    redis = await SentinelTopology.start();
    cluster = await Cluster.start({ nodes: 2, redis, env: Crowd.env });
    crowd = await Crowd.gather(cluster, 'stays');
  });
  afterAll(() => cluster?.stop());

  it('a failover that an operator asks for is noticed by nobody', async () => {
    await redis.failover();
    await crowd.othersComeAndGo();
    await crowd.nobodyMoved();
    await redis.healthy();
  });

  it('a failover to a replica that lags behind loses writes, which are told again', async () => {
    await redis.holdReplication();
    await cluster.connect('written-and-lost', { node: 1 });
    for (const watcher of crowd.watchers) await watcher.sees('written-and-lost', 'online');
    const left = await cluster.connect('left-and-lost', { node: 0 });
    await crowd.watchers[1]?.sees('left-and-lost', 'online');
    await left.bye();
    for (const watcher of crowd.watchers) await watcher.sees('left-and-lost', 'offline');
    const token = await cluster.token('revoked-and-lost');
    const isRefused = async (node: number): Promise<boolean> =>
      (await cluster.http('/v1/presence/me', { token, node })).status === 401;
    const operator = { claims: { sub: 'operator', scope: 'admin' }, method: 'POST' };
    expect((await cluster.http('/v1/users/revoked-and-lost/revoke', operator)).status).toBe(204);
    for (const node of [0, 1]) await until(() => isRefused(node));
    await redis.failover();
    await redis.resumeReplication();
    await crowd.readsAreRight();
    await crowd.othersComeAndGo();
    await crowd.nobodyMoved();
    for (const watcher of crowd.watchers) {
      expect(watcher.history('written-and-lost').map(({ status }) => status)).toEqual(['online']);
      expect(watcher.last('left-and-lost')?.status).toBe('offline');
    }
    await redis.healthy();
    const late = cluster.nodes.length;
    await cluster.addNode();
    expect(await isRefused(late)).toBe(true);
  });

  it('a master that dies is replaced, and comes back as a replica', async () => {
    const { killed } = await redis.killMaster();
    await crowd.readsAreRight();
    await crowd.othersComeAndGo();
    await crowd.nobodyMoved();
    await killed.start();
    await redis.healthy();
    await crowd.nobodyMoved(0);
  });

  it('a master that hangs closes no connection, and is left all the same', async () => {
    const hung = await redis.master();
    hung.pause();
    await redis.replaced(hung);
    await crowd.othersComeAndGo();
    // What it was sent while it hung is refused or of no weight when it wakes and finds itself a replica.
    hung.resume();
    await redis.healthy();
    await crowd.othersComeAndGo();
    await crowd.nobodyMoved();
  });

  it('a node that dies is cleared as ever', async () => {
    const mortal = cluster.nodes.length;
    await cluster.addNode();
    await cluster.connect('on-the-dead', { node: mortal });
    for (const watcher of crowd.watchers) await watcher.sees('on-the-dead', 'online');
    await cluster.node(mortal).kill();
    for (const watcher of crowd.watchers)
      await watcher.sees('on-the-dead', 'offline', healBound() + SLACK_MS);
    await crowd.nobodyMoved(0);
  });
});
