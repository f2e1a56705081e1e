import { describe, expect, it } from 'vitest';
import { WatchError } from '../../../src/fanout/fanout.ts';
import { Rig, settle } from './rig.ts';

/** The code a watch was refused with. */
const refusal = async (watch: Promise<void>): Promise<string> => {
  try {
    await watch;
  } catch (error) {
    if (error instanceof WatchError) return error.code;
    throw error;
  }
  return 'none';
};

describe('watching users by id', () => {
  it('sends a snapshot of everyone asked for, then changes', async () => {
    const rig = new Rig();
    rig.set('ann', 7);
    const { sink, watcher } = rig.connect();
    await watcher.watch({ users: ['ann', 'nobody'] }, 'r1');
    expect(sink.frames[0]).toMatchObject({ type: 'presence', snapshot: true, ref: 'r1' });
    expect(sink.frames[0]?.more).toBeUndefined();
    expect(sink.take()).toEqual(['[ann@7 nobody@0]']);
    rig.event('ann', 8, 'offline');
    rig.event('carl', 1);
    expect(sink.take()).toEqual(['ann@8']);
  });

  it('answers each user once, however often a frame names them', async () => {
    const rig = new Rig();
    const { sink, watcher } = rig.connect();
    await watcher.watch({ users: ['ann', 'ann', 'bob', 'ann'] });
    expect(sink.take()).toEqual(['[ann@0 bob@0]']);
    expect(rig.store.calls[0]?.users).toEqual(['ann', 'bob']);
    expect(rig.fanout.footprint.watches).toBe(2);
  });

  it('sends the snapshot again to who asks again, and changes still once', async () => {
    const rig = new Rig();
    rig.set('ann', 3);
    const { sink, watcher } = rig.connect();
    await watcher.watch({ users: ['ann'] }, 'one');
    await watcher.watch({ users: ['ann'] }, 'two');
    expect(sink.frames.map(({ ref }) => ref)).toEqual(['one', 'two']);
    expect(sink.take()).toEqual(['[ann@3]', '[ann@3]']);
    rig.event('ann', 4);
    expect(sink.take()).toEqual(['ann@4']);
    expect(rig.fanout.footprint.watches).toBe(1);
  });

  it('tells what is watched, also what is only awaited', async () => {
    const rig = new Rig();
    const { watcher } = await rig.watching({ users: ['ann'] });
    rig.store.auto = false;
    const pending = watcher.watch({ users: ['bob'], tenant: true });
    expect(watcher.watching).toEqual({ users: new Set(['ann', 'bob']), groups: new Set(), tenant: true });
    watcher.unwatch({ users: ['bob'], tenant: true });
    expect(watcher.watching).toEqual({ users: new Set(['ann']), groups: new Set(), tenant: false });
    rig.store.answerAll();
    await pending;
  });

  it('keeps tenants apart', async () => {
    const rig = new Rig();
    const other = await rig.watching({ users: ['ann'], tenant: true }, 'other');
    rig.event('ann', 1);
    expect(other.sink.take()).toEqual([]);
    expect(rig.fanout.cached('other', 'ann')?.ver).toBe(0);
  });

  it('says what it holds of a user only while somebody watches them', async () => {
    const rig = new Rig();
    const { watcher } = await rig.watching({ users: ['ann'] });
    rig.event('ann', 4, 'busy');
    expect(rig.fanout.cached('acme', 'ann')).toMatchObject({ status: 'busy', ver: 4 });
    expect(rig.fanout.cached('acme', 'bob')).toBeUndefined();
    watcher.unwatch({ users: ['ann'] });
    expect(rig.fanout.cached('acme', 'ann')).toBeUndefined();
  });

  it('sends nothing of a user after unwatch, not even what waited', async () => {
    const rig = new Rig();
    const { sink, watcher } = await rig.watching({ users: ['ann', 'bob'] });
    rig.event('bob', 1);
    rig.event('ann', 1);
    sink.take();
    watcher.unwatch({ users: ['ann', 'nobody'] });
    rig.event('ann', 2);
    rig.time.advance(100);
    expect(sink.take()).toEqual([]);
  });

  it('sends nothing after close, and does nothing either', async () => {
    const rig = new Rig();
    const { sink, watcher } = await rig.watching({ users: ['ann', 'bob'], tenant: true });
    rig.event('ann', 1);
    rig.event('bob', 1);
    sink.take();
    watcher.close();
    watcher.close();
    await watcher.watch({ users: ['ann'] });
    watcher.drained();
    rig.event('ann', 2);
    rig.time.advance(1000);
    expect(sink.take()).toEqual([]);
    expect(watcher.watching.users.size).toBe(0);
  });
});

describe('limits', () => {
  it('allows a connection so many users and registers nothing beyond', async () => {
    const rig = new Rig({ settings: { maxWatches: 3 } });
    const { sink, watcher } = await rig.watching({ users: ['a', 'b'] });
    expect(await refusal(watcher.watch({ users: ['c', 'd'] }))).toBe('too_many_watches');
    rig.event('c', 1);
    rig.event('a', 1);
    expect(sink.take()).toEqual(['a@1']);
    expect(rig.fanout.footprint).toMatchObject({ watches: 2, views: 2 });
    // Those watched already count once.
    await watcher.watch({ users: ['a', 'b', 'c'] });
    expect(await refusal(watcher.watch({ users: ['d'] }))).toBe('too_many_watches');
    watcher.unwatch({ users: ['a'] });
    expect(await refusal(watcher.watch({ users: ['d'] }))).toBe('none');
  });

  it('counts users whose snapshot is still awaited', async () => {
    const rig = new Rig({ settings: { maxWatches: 3 } });
    rig.store.auto = false;
    const { watcher } = rig.connect();
    const first = watcher.watch({ users: ['a', 'b'] });
    expect(await refusal(watcher.watch({ users: ['c', 'd'] }))).toBe('too_many_watches');
    rig.store.answerAll();
    await first;
  });

  it('allows a node so many watches', async () => {
    const rig = new Rig({ settings: { maxNodeWatches: 3 } });
    const one = await rig.watching({ users: ['a', 'b'] });
    const two = rig.connect();
    expect(await refusal(two.watcher.watch({ users: ['a', 'b'] }))).toBe('too_many_watches');
    one.watcher.close();
    expect(await refusal(two.watcher.watch({ users: ['a', 'b'] }))).toBe('none');
    expect(await refusal(two.watcher.watch({ tenant: true }))).toBe('none');
    expect(await refusal(rig.connect().watcher.watch({ tenant: true }))).toBe('too_many_watches');
  });

  it('counts the users of a watched tenant against what a node may hold', async () => {
    const rig = new Rig({ settings: { maxNodeWatches: 3 } });
    for (const user of ['a', 'b', 'c', 'd']) rig.set(user, 1);
    expect(await refusal(rig.connect().watcher.watch({ tenant: true }))).toBe('too_many_watches');
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
  });

  it('counts users held for a tenant against watches by id', async () => {
    const rig = new Rig({ settings: { maxNodeWatches: 3 } });
    for (const user of ['a', 'b', 'c']) rig.set(user, 1);
    await rig.watching({ tenant: true });
    expect(await refusal(rig.connect().watcher.watch({ users: ['d'] }))).toBe('too_many_watches');
    expect(await refusal(rig.connect().watcher.watch({ users: ['c'] }))).toBe('none');
  });

  it('bounds what waits for a client that asks for a large tenant and does not read', async () => {
    const rig = new Rig({ settings: { maxWatches: 10 } });
    for (let n = 0; n < 2000; n += 1) rig.set(`u${n}`, 1);
    const { sink, watcher } = await rig.watching({ tenant: true });
    sink.buffered = 1_000_000;
    let answers = 0;
    while ((await refusal(watcher.watch({ tenant: true }))) === 'none') answers += 1;
    expect(answers).toBe(3);
  });

  it('bounds what waits for a client that asks and does not read', async () => {
    const rig = new Rig({ settings: { maxWatches: 10 } });
    const { sink, watcher } = await rig.watching({ users: ['a'] });
    sink.blocked = true;
    sink.buffered = 1_000_000;
    let answers = 0;
    while ((await refusal(watcher.watch({ users: ['a'] }))) === 'none') answers += 1;
    expect(answers).toBeGreaterThan(60); // A burst of allowed frames is never refused.
    expect(answers).toBeLessThan(1000);
    sink.blocked = false;
    sink.buffered = 0;
    watcher.drained();
    expect(sink.take()).toHaveLength(answers);
    expect(await refusal(watcher.watch({ users: ['a'] }))).toBe('none');
  });
});

describe('when the store cannot tell', () => {
  it('registers nothing and leaves what was watched as it was', async () => {
    const rig = new Rig();
    const { sink, watcher } = await rig.watching({ users: ['ann'] });
    rig.store.away = true;
    expect(await refusal(watcher.watch({ users: ['ann', 'bob'] }))).toBe('unavailable');
    rig.event('bob', 1);
    rig.event('ann', 1);
    expect(sink.take()).toEqual(['ann@1']);
    expect(rig.fanout.footprint).toMatchObject({ watches: 1, views: 1 });
    rig.store.away = false;
    await watcher.watch({ users: ['bob'] });
    expect(sink.take()).toEqual(['[bob@1]']);
  });

  it('answers from what the node knows', async () => {
    const rig = new Rig();
    rig.set('ann', 4);
    await rig.watching({ users: ['ann'] });
    rig.store.away = true;
    const { sink, watcher } = rig.connect();
    await watcher.watch({ users: ['ann'] });
    expect(sink.take()).toEqual(['[ann@4]']);
  });

  it('refuses everybody who shared the read', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    void refusal(rig.connect().watcher.watch({ users: ['ann'] }));
    const [one, two] = [rig.connect(), rig.connect()];
    const watches = [one.watcher.watch({ users: ['ann'] }), two.watcher.watch({ users: ['ann', 'bob'] })];
    const refusals = watches.map(refusal);
    rig.store.open[1]?.answer();
    rig.store.open[0]?.fail();
    await settle();
    rig.store.open[0]?.fail();
    expect(await Promise.all(refusals)).toEqual(['unavailable', 'unavailable']);
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
    rig.event('bob', 2);
    expect(two.sink.take()).toEqual([]);
  });

  it('is as unavailable when the store fails in a way nobody foresaw, and says so in the log', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    const refused = refusal(rig.connect().watcher.watch({ users: ['ann'] }));
    rig.store.open[0]?.fail(new TypeError('broken'));
    expect(await refused).toBe('unavailable');
    expect(rig.logged).toHaveLength(1);
  });

  it('takes no answer for other users than it asked for', async () => {
    const rig = new Rig();
    rig.store.read = async (_, users) =>
      [...users].reverse().map((user) => ({ user, status: 'online', since: 1, ver: 1, devices: [] }));
    expect(await refusal(rig.connect().watcher.watch({ users: ['ann', 'bob'] }))).toBe('unavailable');
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0 });
  });

  it('watches nothing before the feed is followed or after', async () => {
    const rig = new Rig();
    await rig.fanout.stop();
    expect(await refusal(rig.connect().watcher.watch({ users: ['ann'] }))).toBe('unavailable');
    expect(rig.feed.listeners.size).toBe(0);
    await rig.fanout.stop();
  });
});

describe('a close while the answer is awaited', () => {
  it('leaves nothing behind', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    const { sink, watcher } = rig.connect();
    const watch = watcher.watch({ users: ['ann'], tenant: true });
    watcher.close();
    rig.store.answerAll();
    await settle();
    rig.store.answerAll();
    expect(await refusal(watch)).toBe('none');
    expect(sink.take()).toEqual([]);
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
  });
});
