import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { expectRisingVersions, statuses } from '../support/history.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { bound, healBound, SLACK_MS, TIMINGS } from '../support/timings.ts';
import { holds, until } from '../support/until.ts';

describe.skipIf(!hasRedisBinary)('lost data heals: FLUSHALL', () => {
  let redis: RedisServer;
  let cluster: Cluster;
  beforeAll(async () => {
    redis = await RedisServer.start();
    cluster = await Cluster.start({ nodes: 2, redis });
  });
  afterAll(() => cluster?.stop());

  it('nobody who stays makes a transition, and within the bound everything is the truth', async () => {
    const stayers = Array.from({ length: 12 }, (_, i) => `stays-${i}`);
    const everybody = [...stayers, 'busy', 'in-grace', 'leaves', 'gone', 'comes'];
    const watchers = [
      await cluster.watcher('watch-0', { node: 0 }),
      await cluster.watcher('watch-1', { node: 1 }),
    ];
    for (const watcher of watchers) await watcher.watch({ users: everybody });
    for (const [i, user] of stayers.entries()) await cluster.connect(user, { node: i % 2 });
    const busy = await cluster.connect('busy', { node: 1 });
    await busy.ask({ type: 'status', status: 'busy', text: 'do not disturb' });
    const inGrace = await cluster.connect('in-grace');
    const leaves = await cluster.connect('leaves', { node: 1 });
    const gone = await cluster.connect('gone');
    for (const watcher of watchers) {
      for (const user of [...stayers, 'in-grace', 'leaves', 'gone']) await watcher.sees(user, 'online');
      await watcher.sees('busy', 'busy');
    }
    await gone.bye();
    for (const watcher of watchers) await watcher.sees('gone', 'offline');
    const verBefore = watchers[0]?.last('gone')?.ver ?? 0;

    inGrace.close();
    await inGrace.end();
    await redis.call('FLUSHALL');
    const flushedAt = performance.now();
    leaves.close();
    const comes = await cluster.connect('comes', { node: 0 });

    // Reads know or say that they do not know; they are never wrong about somebody who is here.
    let answered = 0;
    await until(
      async () => {
        for (const node of [0, 1]) {
          const answer = await cluster.http('/v1/presence/batch', {
            method: 'POST',
            body: { users: [...stayers, 'busy'] },
            node,
          });
          expect([200, 503]).toContain(answer.status);
          if (answer.status !== 200) continue;
          answered++;
          const users = answer.json.users as { user: string; status: string }[];
          for (const p of users) expect(p.status, p.user).toBe(p.user === 'busy' ? 'busy' : 'online');
        }
        return performance.now() - flushedAt > healBound();
      },
      { timeoutMs: healBound() + 5_000, everyMs: 40 },
    );
    expect(answered).toBeGreaterThan(0);

    for (const watcher of watchers) {
      for (const user of ['in-grace', 'leaves']) await watcher.sees(user, 'offline', SLACK_MS);
      await watcher.sees('comes', 'online', SLACK_MS);
    }
    await holds(
      () => watchers.every((watcher) => stayers.every((user) => statuses(watcher, user).length === 1)),
      bound(),
      'no transition of those who stay',
    );
    for (const watcher of watchers) {
      for (const user of stayers) expect(statuses(watcher, user), user).toEqual(['online']);
      expect(watcher.last('busy')).toMatchObject({ status: 'busy', text: 'do not disturb' });
      expect(statuses(watcher, 'in-grace')).toEqual(['online', 'offline']);
      expect(statuses(watcher, 'leaves')).toEqual(['online', 'offline']);
      expect(statuses(watcher, 'comes')).toEqual(['online']);
      expectRisingVersions(watcher);
    }
    for (const node of [0, 1]) {
      const count = await cluster.http('/v1/presence/count', { node });
      // Two watchers, the stayers and the newcomer; and one who is busy.
      expect(count.json).toEqual({ online: stayers.length + 3, away: 0, busy: 1 });
    }

    // What was lost may not make versions fall behind what watchers hold.
    await cluster.connect('gone', { node: 1 });
    for (const watcher of watchers) {
      expect((await watcher.sees('gone', 'online')).ver).toBeGreaterThan(verBefore);
    }
    // And leaving works as ever, without any client having reconnected.
    await comes.bye();
    for (const watcher of watchers) await watcher.sees('comes', 'offline', TIMINGS.offlineGraceMs + SLACK_MS);
  });

  // Whose word comes first after the loss is chance: the node they came from, or the one they went to.
  it.each([
    ['came from', 0],
    ['went to', 1],
  ])(
    'people who moved between nodes are no less present when the node they %s speaks first',
    async (_, silent) => {
      const movers = Array.from({ length: 20 }, (_, i) => `moves-${silent}-${i}`);
      const watcher = await cluster.connect(`watch-moves-${silent}`, { node: 0 });
      await watcher.watch({ users: movers });
      const pages = await Promise.all(movers.map((user) => cluster.connect(user, { node: 1 })));
      for (const user of movers) await watcher.sees(user, 'online');
      // Spread over a grace and a time to live: the old node still knows of some of them that they closed, and when.
      const spreadMs = (TIMINGS.offlineGraceMs + TIMINGS.heartbeatTtlMs) / movers.length;
      for (const [i, user] of movers.entries()) {
        pages[i]?.close();
        await cluster.connect(user, { node: 0 });
        await holds(() => true, spreadMs);
      }
      cluster.node(silent).pause();
      await redis.call('FLUSHALL');
      await holds(() => true, 1.5 * TIMINGS.heartbeatIntervalMs);
      cluster.node(silent).resume();
      await holds(
        () => movers.every((user) => statuses(watcher, user).length === 1),
        healBound() + bound(),
        'no transition of those who moved',
      ).catch((error: unknown) => {
        const shown = movers.map((user) => `${user}: ${statuses(watcher, user).join()}`).join('; ');
        throw new Error(shown, { cause: error });
      });
    },
  );

  it('a script cache that was emptied is filled again', async () => {
    const watcher = await cluster.connect('watch-2');
    await watcher.watch({ users: ['scripted'] });
    await redis.call('SCRIPT', 'FLUSH');
    const client = await cluster.connect('scripted', { node: 1 });
    await watcher.sees('scripted', 'online');
    await client.bye();
    await watcher.sees('scripted', 'offline');
    expect(watcher.of('degraded')).toEqual([]);
  });
});
