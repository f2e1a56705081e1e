import { afterEach, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { expectRisingVersions, statuses } from '../support/history.ts';
import { hasRedisBinary, type RedisOptions, RedisServer } from '../support/redis-server.ts';
import { bound, healBound, SLACK_MS, TIMINGS } from '../support/timings.ts';
import { holds, until } from '../support/until.ts';

/** How long Redis stays away: less and more than the time after which nodes are cleared. */
const BLINK_MS = 300;
const LONG_MS = TIMINGS.heartbeatTtlMs * 2;

describe.skipIf(!hasRedisBinary)('lost data heals: Redis is killed and started again', () => {
  let cluster: Cluster | undefined;
  afterEach(async () => {
    await cluster?.stop();
    cluster = undefined;
  });

  const story = async (options: RedisOptions, awayMs: number): Promise<void> => {
    const redis = await RedisServer.start(options);
    cluster = await Cluster.start({ nodes: 2, redis });
    const stayers = Array.from({ length: 8 }, (_, i) => `stays-${i}`);
    const watcher = await cluster.watcher('watcher', { node: 0 });
    await watcher.watch({ users: [...stayers, 'leaves', 'comes', 'crashes'] });
    for (const [i, user] of stayers.entries()) await cluster.connect(user, { node: i % 2 });
    const leaves = await cluster.connect('leaves', { node: 1 });
    const third = await cluster.addNode();
    await cluster.connect('crashes', { node: 2 });
    for (const user of [...stayers, 'leaves', 'crashes']) await watcher.sees(user, 'online');

    await redis.kill();
    const downAt = performance.now();
    leaves.close();
    const comes = cluster.track(await cluster.connect('comes', { node: 1 }));
    await third.kill();
    await until(() => performance.now() - downAt > awayMs, { timeoutMs: awayMs + 5_000 });
    await redis.start();
    const upAt = performance.now();

    // A node that died while Redis was away is found with the same bound as lost data.
    for (const user of ['leaves', 'crashes']) await watcher.sees(user, 'offline', healBound() + SLACK_MS);
    await watcher.sees('comes', 'online', healBound() + SLACK_MS);
    expect(performance.now() - upAt).toBeLessThan(healBound() + SLACK_MS);
    await until(async () => (await cluster?.http('/v1/presence/count'))?.status === 200, {
      timeoutMs: healBound() + SLACK_MS,
    });
    await holds(
      () => stayers.every((user) => statuses(watcher, user).length === 1),
      bound() + TIMINGS.heartbeatTtlMs,
      'no transition of those who stay',
    );
    expect(statuses(watcher, 'leaves')).toEqual(['online', 'offline']);
    expect(statuses(watcher, 'crashes')).toEqual(['online', 'offline']);
    expect(statuses(watcher, 'comes')).toEqual(['online']);
    expect((await cluster.http('/v1/presence/count')).json).toEqual({
      online: stayers.length + 2,
      away: 0,
      busy: 0,
    });
    expect(watcher.of('degraded').at(-1)?.on ?? false).toBe(false);
    expectRisingVersions(watcher);
    expect(await comes.bye()).toBe(1000);
    await watcher.sees('comes', 'offline', 1_500);
  };

  it('empty, after a blink', () => story({}, BLINK_MS));
  it('empty, after a long absence', () => story({}, LONG_MS));
  it('with its data, after a blink', () => story({ persistence: 'aof' }, BLINK_MS));
  it('with its data, after a long absence', () => story({ persistence: 'aof' }, LONG_MS));
});
