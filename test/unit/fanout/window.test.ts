import { describe, expect, it } from 'vitest';
import { Rig } from './rig.ts';

describe('the window of a connection that watches users', () => {
  it('lets the first change through at once and merges the rest into one frame', async () => {
    const rig = new Rig();
    const { sink } = await rig.watching({ users: ['a', 'b', 'c'] });
    rig.event('a', 1);
    expect(sink.take()).toEqual(['a@1']);
    rig.time.advance(10);
    rig.event('b', 1);
    rig.event('a', 2);
    rig.event('b', 2);
    rig.time.advance(9);
    expect(sink.take()).toEqual([]);
    rig.time.advance(1);
    expect(sink.take()).toEqual(['b@2 a@2']);
    rig.event('c', 1); // That frame began a window, too.
    expect(sink.take()).toEqual([]);
    rig.time.advance(20);
    expect(sink.take()).toEqual(['c@1']);
    rig.time.advance(20);
    rig.event('c', 2);
    expect(sink.take()).toEqual(['c@2']);
  });

  it('is its own: others are not delayed', async () => {
    const rig = new Rig();
    const one = await rig.watching({ users: ['a', 'b'] });
    const two = await rig.watching({ users: ['b'] });
    rig.event('a', 1);
    rig.event('b', 1);
    expect(one.sink.take()).toEqual(['a@1']);
    expect(two.sink.take()).toEqual(['b@1']);
  });

  it('does not begin with a snapshot', async () => {
    const rig = new Rig();
    const { sink, watcher } = rig.connect();
    await watcher.watch({ users: ['a'], tenant: true });
    rig.event('a', 1);
    expect(sink.take()).toEqual(['[a@0]', 'a@1']);
  });

  it('of 0 means none: every change is a frame', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    const users = await rig.watching({ users: ['a', 'b'] });
    const tenant = await rig.watching({ tenant: true });
    for (const ver of [1, 2, 3]) {
      rig.event('a', ver);
      rig.event('b', ver);
    }
    const each = ['a@1', 'b@1', 'a@2', 'b@2', 'a@3', 'b@3'];
    expect(users.sink.take()).toEqual(each);
    expect(tenant.sink.take()).toEqual(each);
    expect(await rig.metric('rollcall_conflated_total')).toBe(0);
  });

  it('needs one timer however many connections there are', async () => {
    const rig = new Rig();
    for (let n = 0; n < 50; n += 1) await rig.watching({ users: ['a', `own-${n}`] });
    rig.event('a', 1);
    rig.time.advance(5);
    for (let n = 0; n < 50; n += 1) rig.event(`own-${n}`, 1);
    expect(rig.time.timers).toBeLessThanOrEqual(2); // And one that takes cold frames away.
  });
});

describe('the window of a tenant', () => {
  it('is common to all who watch it', async () => {
    const rig = new Rig();
    const all = await Promise.all([1, 2, 3].map(() => rig.watching({ tenant: true })));
    rig.event('a', 1);
    rig.event('b', 1);
    rig.event('a', 2);
    rig.event('c', 1, 'offline');
    rig.time.advance(20);
    for (const { sink } of all) {
      expect(sink.raw[1]).toBe(all[0]?.sink.raw[1]); // One buffer, put together once.
      expect(sink.frames.map(({ users }) => users.map(({ user, ver }) => `${user}@${ver}`))).toEqual([
        ['a@1'],
        ['b@1', 'a@2', 'c@1'],
      ]);
    }
  });

  it('is kept by who comes from a window of its own, or goes to one', async () => {
    const rig = new Rig();
    const { sink, watcher } = await rig.watching({ users: ['a'] });
    rig.event('a', 1); // Its own window, until 1020.
    await watcher.watch({ tenant: true });
    expect(sink.take()).toEqual(['a@1', '[a@1]']);
    rig.time.advance(10);
    rig.event('a', 2);
    rig.time.advance(9);
    expect(sink.take()).toEqual([]);
    rig.time.advance(21);
    expect(sink.take()).toEqual(['a@2']);
    rig.time.advance(50);
    rig.event('b', 1); // The tenant's window, until 20 ms from now.
    watcher.unwatch({ tenant: true });
    rig.event('a', 3);
    expect(sink.take()).toEqual(['b@1']);
    rig.time.advance(20);
    expect(sink.take()).toEqual(['a@3']);
  });

  it('holds no more than a frame: the rest goes in the next ones', async () => {
    const rig = new Rig({ tuning: { frameUsers: 2 } });
    const tenant = await rig.watching({ tenant: true });
    const users = await rig.watching({ users: ['a', 'b', 'c', 'd', 'e', 'f'] });
    for (const user of ['a', 'b', 'c', 'd', 'e', 'f']) rig.event(user, 1);
    for (let window = 0; window < 4; window += 1) rig.time.advance(20);
    expect(tenant.sink.take()).toEqual(['a@1', 'b@1 c@1', 'd@1 e@1', 'f@1']);
    expect(users.sink.take()).toEqual(['a@1', 'b@1 c@1', 'd@1 e@1', 'f@1']);
  });
});
