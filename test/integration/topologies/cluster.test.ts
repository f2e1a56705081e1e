import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../../support/cluster.ts';
import { Crowd } from '../../support/crowd.ts';
import { hasRedisBinary } from '../../support/redis-server.ts';
import { healBound, SLACK_MS } from '../../support/timings.ts';
import { ClusterTopology } from '../../support/topologies/cluster-topology.ts';
import { holds } from '../../support/until.ts';

const PARTITIONS = 8;

describe.skipIf(!hasRedisBinary)('lost data heals, on Cluster', () => {
  let redis: ClusterTopology;
  let cluster: Cluster;
  let crowd: Crowd;
  beforeAll(async () => {
    redis = await ClusterTopology.start();
    cluster = await Cluster.start({ nodes: 2, redis, env: { ...Crowd.env, PARTITIONS: String(PARTITIONS) } });
    crowd = await Crowd.gather(cluster, 'stays');
  });
  afterAll(() => cluster?.stop());

  it('partitions lie on every master, and a node that dies is cleared in all of them', async () => {
    const slots = Array.from({ length: PARTITIONS }, (_, partition) => redis.slotOf(partition, PARTITIONS));
    expect(new Set(await Promise.all(slots.map((slot) => redis.ownerOf(slot)))).size).toBe(3);
    await cluster.addNode();
    const users = Array.from({ length: 2 * PARTITIONS }, (_, i) => `on-the-dead-${i}`);
    for (const user of users) await cluster.connect(user, { node: 2 });
    for (const watcher of crowd.watchers) for (const user of users) await watcher.sees(user, 'online');
    await cluster.node(2).kill();
    for (const watcher of crowd.watchers) {
      for (const user of users) await watcher.sees(user, 'offline', healBound() + SLACK_MS);
    }
    await crowd.nobodyMoved(0);
  });

  it('slots that move while people come and go are followed, with nothing lost', async () => {
    const visits = crowd.othersComeAndGo();
    for (let partition = 0; partition < PARTITIONS; partition += 2) {
      await redis.migrate(redis.slotOf(partition, PARTITIONS));
    }
    await visits;
    await crowd.othersComeAndGo();
    await crowd.readsAreRight();
    for (const watcher of crowd.watchers) expect(watcher.of('gone')).toEqual([]);
  });

  it('a slot that stays half here and half there for longer than a lease condemns nobody', async () => {
    let visits = Promise.resolve();
    await redis.migrate(redis.slotOf(1, PARTITIONS), undefined, async () => {
      visits = crowd.othersComeAndGo(20_000);
      await holds(() => true, 1.5 * Number(Crowd.env.HEARTBEAT_TTL_MS));
    });
    await visits;
    await crowd.readsAreRight();
    await crowd.nobodyMoved();
  });

  it('a master that joins with nothing learns what it needs with the first slot', async () => {
    const empty = await redis.addMaster();
    expect(await empty.call('FUNCTION', 'LIST')).toEqual([]);
    await redis.migrate(redis.slotOf(3, PARTITIONS), empty);
    await crowd.othersComeAndGo();
    expect(await empty.call('FUNCTION', 'LIST')).toHaveLength(1);
    await crowd.readsAreRight();
  });

  it('a replica that takes over by order is noticed by nobody', async () => {
    for (const master of (await redis.masters()).slice(0, 2)) await redis.failover(master);
    await crowd.othersComeAndGo();
    await crowd.nobodyMoved();
  });

  it('a master that dies is replaced; people on the others go on meanwhile', async () => {
    const [first] = await redis.masters();
    if (first === undefined) throw new Error('there is no master');
    await redis.killMaster(first);
    await crowd.readsAreRight();
    await crowd.othersComeAndGo();
    await crowd.nobodyMoved();
    await first.start();
    await redis.healthy();
  });

  it('a master that hangs closes no connection, and is left all the same', async () => {
    const [, hung] = await redis.masters();
    const [replica] = hung ? await redis.replicasOf(hung) : [];
    if (hung === undefined || replica === undefined) throw new Error('there is no master with a replica');
    hung.pause();
    await redis.promoted(replica, [hung]);
    await crowd.othersComeAndGo();
    hung.resume();
    await redis.healthy();
    await crowd.othersComeAndGo();
    await crowd.nobodyMoved();
  });
});
