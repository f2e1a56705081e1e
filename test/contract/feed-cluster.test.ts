import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasRedisBinary } from '../support/redis-server.ts';
import { ClusterTopology } from '../support/topologies/cluster-topology.ts';
import { until } from '../support/until.ts';
import { online, PARTITIONS, RealFeed } from './feed-rig.ts';

describe.skipIf(!hasRedisBinary)('the feed over the masters of a Cluster', () => {
  let redis: ClusterTopology;
  let rig: RealFeed;
  const slot = (): number => redis.slotOf(0, PARTITIONS);
  beforeAll(async () => {
    redis = await ClusterTopology.start();
  });
  afterAll(() => redis?.stop());
  beforeEach(async () => {
    rig = await RealFeed.start(redis.url);
    await until(() => rig.feed.connected, { what: 'a subscription to every channel' });
  });
  afterEach(() => rig?.stop());

  const sees = async (expected: readonly string[]): Promise<void> => {
    await until(() => rig.seen.length >= expected.length, { what: expected.at(-1) ?? '' }).catch(
      () => undefined,
    );
    expect(rig.seen).toEqual(expected);
  };

  it('hears every partition where it is', async () => {
    const users = Array.from({ length: PARTITIONS }, (_, partition) => rig.users(1, partition)[0] ?? '');
    for (const user of users) await rig.write([user]);
    await until(() => rig.seen.length === PARTITIONS);
    expect([...rig.seen].sort()).toEqual(online(users).sort());
  });

  /** Without any heartbeat, which would find the feed behind: the server tells, and the subscriber follows. */
  it('follows a slot to another master, and back', async () => {
    const users = rig.users(3);
    const [one = '', two = '', three = ''] = users;
    await rig.write([one]);
    await sees(online([one]));
    const { from } = await redis.migrate(slot());
    await until(() => rig.feed.connected, { what: 'a subscription where the slot is now' });
    await rig.write([two]);
    await sees(online([one, two]));
    await redis.migrate(slot(), from);
    await rig.write([three]);
    await sees(online(users));
  });

  it('subscribes to whoever takes the place of a master that died', async () => {
    const users = rig.users(2);
    const [one = '', two = ''] = users;
    await rig.write([one]);
    await sees(online([one]));
    const dead = await redis.ownerOf(slot());
    await redis.killMaster(dead);
    await until(() => rig.write([two]).then(() => true), { what: 'a write to the new master' });
    await until(() => rig.feed.connected, { what: 'a subscription to the new master' });
    // What was written before it was heard is read with the first heartbeat, at the latest.
    await rig.beat();
    await sees(online(users));
    await dead.start();
    await redis.healthy();
  });
});
