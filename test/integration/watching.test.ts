import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { expectRisingVersions, statuses } from '../support/history.ts';
import { holds } from '../support/until.ts';

describe('watchers end with the newest: a watcher gets a snapshot and then every later state', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  it('of users: everyone asked for, known or not, then changes with rising ver', async () => {
    const ann = await cluster.connect('ann', { node: 1 });
    const watcher = await cluster.connect('watcher');
    const snapshot = await watcher.watch({ users: ['ann', 'nobody'] });
    expect(snapshot.map((p) => p.user).sort()).toEqual(['ann', 'nobody']);
    expect(snapshot.find((p) => p.user === 'ann')).toMatchObject({ status: 'online', devices: ['web'] });
    expect(snapshot.find((p) => p.user === 'nobody')).toEqual({ user: 'nobody', status: 'offline', ver: 0 });
    for (const status of ['busy', 'away', null, 'busy'] as const) await ann.ask({ type: 'status', status });
    await watcher.sees('ann', 'busy');
    await ann.bye();
    await watcher.sees('ann', 'offline');
    expectRisingVersions(watcher);
  });

  it('a snapshot of many comes in several frames, all but the last with more', async () => {
    const watcher = await cluster.connect('watcher');
    const users = Array.from({ length: 5_000 }, (_, i) => `user-${i}`);
    const mark = watcher.mark;
    const snapshot = await watcher.watch({ users: users.slice(0, 700) });
    expect(new Set(snapshot.map((p) => p.user)).size).toBe(700);
    expect(snapshot).toHaveLength(700);
    const frames = watcher.of('presence', mark);
    expect(frames.length).toBeGreaterThan(1);
    expect(frames.map((frame) => frame.more === true)).toEqual([
      ...Array.from({ length: frames.length - 1 }, () => true),
      false,
    ]);
    for (const frame of frames) expect(frame.snapshot).toBe(true);
  });

  it('watching again gives the snapshot again; unwatch ends it', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['bob', 'bea'] });
    const bob = await cluster.connect('bob', { node: 1 });
    await watcher.sees('bob', 'online');
    const again = await watcher.watch({ users: ['bob'] });
    expect(again).toEqual([watcher.last('bob')]);

    expect(await watcher.ask({ type: 'unwatch', users: ['bob', 'never watched'] })).toMatchObject({
      type: 'ack',
    });
    const mark = watcher.mark;
    await bob.ask({ type: 'status', status: 'busy' });
    await cluster.connect('bea', { node: 1 });
    await watcher.sees('bea', 'online');
    await holds(() => watcher.history('bob', mark).length === 0, 300, 'silence about bob');
    expect((await watcher.watch({ users: ['bob'] }))[0]).toMatchObject({ status: 'busy' });
  });

  it('of a tenant: everyone not offline, also those who come later; itself too', async () => {
    const claims = { tenant: 'team' };
    const here = await cluster.connect('here', { claims, node: 1 });
    const gone = await cluster.connect('gone', { claims, node: 1 });
    await gone.bye();
    const watcher = await cluster.watcher('watcher', { claims });
    const snapshot = await watcher.watch({ tenant: true });
    expect(snapshot.map((p) => p.user).sort()).toEqual(['here', 'watcher']);
    const later = await cluster.connect('later', { claims });
    await watcher.sees('later', 'online');
    await here.bye();
    await watcher.sees('here', 'offline');
    await watcher.ask({ type: 'unwatch', tenant: true });
    const mark = watcher.mark;
    await later.bye();
    await holds(() => watcher.mark === mark, 500, 'silence after unwatch');
  });

  it('a person may watch itself', async () => {
    const self = await cluster.connect('solo');
    await self.watch({ users: ['solo'] });
    await self.sees('solo', 'online');
    await self.ask({ type: 'status', status: 'busy' });
    await self.sees('solo', 'busy');
    expect(statuses(self, 'solo').at(-1)).toBe('busy');
  });

  it('registering while everything changes misses nothing', async () => {
    const names = Array.from({ length: 15 }, (_, i) => `racer-${i}`);
    const people = await Promise.all(names.map((name, i) => cluster.connect(name, { node: i % 2 })));
    const watchers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => cluster.connect(`watcher-${i}`, { node: i % 2 })),
    );
    // Each watcher registers somewhere in the middle of fifteen changes of every person.
    const registering = watchers.map(async (watcher, i) => {
      await watcher.until(() => round > i, { timeoutMs: 20_000, what: 'its turn' }).catch(() => undefined);
      await watcher.watch({ users: names });
    });
    let round = 0;
    for (round = 1; round <= 15; round++) {
      const text = `round ${round}`;
      await Promise.all(people.map((person) => person.ask({ type: 'status', status: 'busy', text })));
      for (const watcher of watchers) watcher.send({ type: 'ping' });
    }
    await Promise.all(registering);
    for (const watcher of watchers) {
      await watcher.until(() => names.every((name) => watcher.last(name)?.text === 'round 15'), {
        what: 'the newest state of everybody',
      });
      expectRisingVersions(watcher);
    }
    const versions = (i: number): (number | undefined)[] => names.map((name) => watchers[i]?.last(name)?.ver);
    for (let i = 1; i < watchers.length; i++) expect(versions(i)).toEqual(versions(0));
  });
});
