import { afterEach, describe, expect, it } from 'vitest';
import type { View } from '../../src/domain/model.ts';
import { Cluster } from '../support/cluster.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { healBound, SLACK_MS, TIMINGS, timingEnv } from '../support/timings.ts';
import { until } from '../support/until.ts';

/** Nobody else is looked at in time by chance. */
const PEOPLE = 40;
/** A busy machine must not be what keeps a node from telling in time. */
const UNHURRIED = { ...TIMINGS, heartbeatIntervalMs: 500, heartbeatTtlMs: 2_000 };

const users = Array.from({ length: PEOPLE }, (_, i) => `user-${i}`);

/** While nodes tell a store that lost its data again what they know. */
describe.skipIf(!hasRedisBinary)('while a partition gathers what it lost', () => {
  let cluster: Cluster;
  afterEach(() => cluster?.stop());

  /** The first answers about these people that are answers. */
  const answers = (ids: readonly string[]): Promise<readonly View[]> =>
    until(
      async () => {
        const answer = await cluster.http('/v1/presence/batch', {
          method: 'POST',
          body: { users: ids },
        });
        return answer.status === 200 ? (answer.json.users as View[]) : undefined;
      },
      { timeoutMs: healBound(UNHURRIED) + SLACK_MS, everyMs: 10 },
    );

  /** The only node that held them is gone, and the one they come back to never saw them: a third one watches them. */
  it('who comes back is shown as before, by what a watcher on a third node was shown of them', async () => {
    const redis = await RedisServer.start();
    cluster = await Cluster.start({ nodes: 1, redis, env: timingEnv(UNHURRIED) });
    const { proxy: lost } = await cluster.addProxiedNode();
    const { proxy: slow } = await cluster.addProxiedNode();
    const watcher = await cluster.connect('watcher', { node: 2 });
    await watcher.watch({ users });
    const before = await Promise.all(users.map((user) => cluster.connect(user, { node: 1 })));
    const shown = new Map<string, number>();
    for (const user of users) shown.set(user, (await watcher.sees(user, 'online')).ver);

    // What the third node has to say comes later than the first sweep after the hold would.
    slow.delay(40);
    lost.stall('both');
    await redis.call('FLUSHALL');
    for (const client of before) client.terminate();
    await Promise.all(users.map((user) => cluster.connect(user, { node: 0 })));

    const read = await answers(users);
    expect(read.map(({ user, ver }) => [user, ver])).toEqual(users.map((user) => [user, shown.get(user)]));
  });

  /** Between the end of the hold and the sweep that shows who came during it. */
  it('who came meanwhile is never said to be offline', async () => {
    const redis = await RedisServer.start();
    cluster = await Cluster.start({ nodes: 2, redis, env: { REAP_INTERVAL_MS: '1000' } });
    await redis.call('FLUSHALL');
    await Promise.all(users.map((user) => cluster.connect(user, { node: 1 })));

    const read = await answers(users);
    expect(read.filter(({ status }) => status !== 'online').map(({ user }) => user)).toEqual([]);
  });
});
