import { afterAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { Herd } from '../support/herd.ts';
import { expectRisingVersions, statuses } from '../support/history.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { bound, DEFAULTS, healBound, SLACK_MS, timingEnv } from '../support/timings.ts';
import { Transitions } from '../support/transitions.ts';
import { holds, until } from '../support/until.ts';

const CROWD = 300;

/**
 * The promises with the numbers users read in the documentation: nothing here is shortened. Each story has a cluster
 * and a Redis of its own, so that all of them wait at the same time.
 */
describe.skipIf(!hasRedisBinary).concurrent('with the default settings', { timeout: 120_000 }, () => {
  const clusters: Cluster[] = [];
  afterAll(() => Promise.all(clusters.map((cluster) => cluster.stop())));

  const start = async (nodes: number): Promise<{ cluster: Cluster; redis: RedisServer }> => {
    const redis = await RedisServer.start();
    const unset = Object.fromEntries(Object.keys(timingEnv(DEFAULTS)).map((name) => [name, undefined]));
    const cluster = await Cluster.start({ nodes, redis, env: { ...unset, PARTITIONS: undefined } });
    clusters.push(cluster);
    return { cluster, redis };
  };

  /** Asks every node again and again for who is there all along: what is answered is right, or 503. */
  const neverWrong = async (cluster: Cluster, users: readonly string[], forMs: number): Promise<void> => {
    let known = 0;
    let unknown = 0;
    const end = performance.now() + forMs;
    while (performance.now() < end) {
      for (const node of cluster.nodes.keys()) {
        if (!cluster.node(node).running) continue;
        const answer = await cluster.http('/v1/presence/batch', { method: 'POST', body: { users }, node });
        expect([200, 503]).toContain(answer.status);
        if (answer.status === 503) unknown++;
        else {
          known++;
          const seen = answer.json.users as { user: string; status: string }[];
          expect(seen.map(({ status }) => status)).toEqual(users.map(() => 'online'));
        }
      }
      await holds(() => true, 100);
    }
    expect(unknown, 'answers while nobody could know').toBeGreaterThan(0);
    expect(known, 'answers that are right').toBeGreaterThan(0);
  };

  it('a crash is cleared within 9 s; a flushed Redis is healed within 15 s and nobody who stays notices', async () => {
    expect(bound(DEFAULTS)).toBe(9_000);
    expect(healBound(DEFAULTS)).toBe(15_000);
    const { cluster, redis } = await start(3);
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['stays', 'crashes', 'refreshes', 'leaves'] });
    await cluster.connect('stays', { node: 1 });
    const page = await cluster.connect('refreshes', { node: 1 });
    const leaves = await cluster.connect('leaves', { node: 1 });
    await cluster.connect('crashes', { node: 2 });
    for (const user of ['stays', 'crashes', 'refreshes', 'leaves']) await watcher.sees(user, 'online', 5_000);

    page.close();
    await page.end();
    await cluster.connect('refreshes', { node: 0 });
    await cluster.node(2).kill();
    await watcher.sees('crashes', 'offline', bound(DEFAULTS));

    await redis.call('FLUSHALL');
    leaves.close();
    const reads = neverWrong(cluster, ['stays', 'refreshes'], healBound(DEFAULTS));
    await watcher.sees('leaves', 'offline', healBound(DEFAULTS));
    await reads;
    expect(statuses(watcher, 'stays')).toEqual(['online']);
    expect(statuses(watcher, 'refreshes')).toEqual(['online']);
    expect(statuses(watcher, 'crashes')).toEqual(['online', 'offline']);
    expectRisingVersions(watcher);
  });

  it('a node that slept 20 s rejoins within two heartbeats with its sockets; an empty restart heals within 15 s', async () => {
    const { cluster, redis } = await start(2);
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['stays', 'sleeps', 'left', 'leaves'] });
    await cluster.connect('stays');
    const sleeps = await cluster.connect('sleeps', { node: 1 });
    const left = await cluster.connect('left', { node: 1 });
    const leaves = await cluster.connect('leaves');
    for (const user of ['stays', 'sleeps', 'left', 'leaves']) await watcher.sees(user, 'online', 5_000);

    const from = performance.now();
    cluster.node(1).pause();
    left.terminate();
    for (const user of ['sleeps', 'left']) await watcher.sees(user, 'offline', bound(DEFAULTS));
    await holds(() => watcher.last('sleeps')?.status === 'offline', 20_000 - (performance.now() - from));
    cluster.node(1).resume();
    await watcher.sees('sleeps', 'online', 2 * DEFAULTS.heartbeatIntervalMs);
    expect(sleeps.closed).toBeUndefined();
    expect(await sleeps.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });

    await redis.kill();
    leaves.terminate();
    await watcher.until(() => watcher.of('degraded').at(-1)?.on, { what: 'degraded' });
    await redis.start();
    const reads = neverWrong(cluster, ['stays', 'sleeps'], healBound(DEFAULTS));
    await watcher.sees('leaves', 'offline', healBound(DEFAULTS));
    await reads;
    expect(watcher.of('degraded').at(-1)?.on).toBe(false);
    expect(statuses(watcher, 'stays')).toEqual(['online']);
    expect(statuses(watcher, 'sleeps')).toEqual(['online', 'offline', 'online']);
    expect(statuses(watcher, 'left')).toEqual(['online', 'offline']);
    expectRisingVersions(watcher);
  });

  it('who is connected through a node that is cut off is offline for others after its lease, and back by itself', async () => {
    const { cluster } = await start(1);
    const { proxy } = await cluster.addProxiedNode();
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['far', 'both'] });
    const far = await cluster.connect('far', { node: 1 });
    await cluster.connect('both', { node: 0 });
    await cluster.connect('both', { node: 1 });
    for (const user of ['far', 'both']) await watcher.sees(user, 'online', 5_000);
    const from = performance.now();
    proxy.stall('both');
    await watcher.sees('far', 'offline', bound(DEFAULTS));
    expect(performance.now() - from).toBeGreaterThan(
      DEFAULTS.heartbeatTtlMs - DEFAULTS.heartbeatIntervalMs - 100,
    );
    expect(far.of('degraded').at(-1)?.on).toBe(true);
    proxy.heal();
    await watcher.sees('far', 'online', healBound(DEFAULTS));
    await holds(() => statuses(watcher, 'far').length === 3, bound(DEFAULTS), 'no further transition');
    expect(far.closed).toBeUndefined();
    expect(statuses(watcher, 'both')).toEqual(['online']);
    expectRisingVersions(watcher);
  });

  it('restarts are unseen: three nodes restarted in turn under three hundred clients, and nobody is offline', async () => {
    const { cluster, redis } = await start(3);
    const heard = await Transitions.listen(redis.url, cluster.prefix);
    const users = Array.from({ length: CROWD }, (_, i) => `rolling-${i}`);
    const leaving = new Set<number>();
    const herd = await Herd.gather({
      users,
      token: (user) => cluster.token(user),
      // As a balancer does that looks at readiness.
      places: () => cluster.nodes.filter((_, i) => !leaving.has(i)),
    });
    await until(() => heard.of('online').length === CROWD, { what: 'everybody online' });

    for (const old of [0, 1, 2]) {
      leaving.add(old);
      const from = performance.now();
      expect(await cluster.node(old).terminate()).toBe(0);
      expect(performance.now() - from).toBeLessThan(DEFAULTS.drainWindowMs + 5_000);
      await cluster.addNode();
      const watcher = await cluster.connect('watcher', { node: cluster.nodes.length - 1 });
      const snapshot = await watcher.watch({ users });
      expect(snapshot.filter(({ status }) => status !== 'online')).toEqual([]);
    }
    await herd.complete(10_000);
    // Each of them is connected and written: no grace of a drain is left that could still end.
    await until(
      async () => (await cluster.http('/v1/presence/count', { node: 5 })).json.online === CROWD + 1,
      {
        timeoutMs: DEFAULTS.drainGraceMs + bound(DEFAULTS),
        what: 'everybody, and the watcher, who stays for the grace of others',
      },
    );
    await holds(() => heard.of('offline').length === 0, 2 * SLACK_MS, 'nobody offline');
    expect(heard.of('online').filter(({ user }) => user.startsWith('rolling'))).toHaveLength(CROWD);
    // Three times everybody of one node was sent away, and nobody otherwise lost.
    expect(herd.ends.get(1012) ?? 0).toBeGreaterThanOrEqual(CROWD);
    expect(herd.ends.get(1006) ?? 0).toBe(0);
    await herd.stop();
    heard.stop();
  });
});
