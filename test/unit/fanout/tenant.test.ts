import { describe, expect, it } from 'vitest';
import { WatchError } from '../../../src/fanout/fanout.ts';
import { Rig, settle } from './rig.ts';

const code = (watch: Promise<void>): Promise<string> =>
  watch.then(
    () => 'none',
    (error: unknown) => (error instanceof WatchError ? error.code : String(error)),
  );

describe('watching a tenant', () => {
  it('sends everyone not offline, page by page, then every transition', async () => {
    const rig = new Rig();
    rig.store.pageSize = 2;
    for (const user of ['a', 'b', 'c', 'd', 'e']) rig.set(user, 1);
    rig.set('f', 2, 'offline');
    const { sink, watcher } = rig.connect();
    await watcher.watch({ tenant: true }, 'all');
    expect(sink.frames[0]).toMatchObject({ snapshot: true, ref: 'all' });
    expect(sink.take()).toEqual(['[a@1 b@1 c@1 d@1 e@1]']);
    for (const event of [
      ['a', 3, 'offline'],
      ['g', 4, 'busy'],
      ['f', 5, 'online'],
    ] as const) {
      rig.event(event[0], event[1], event[2]);
      rig.time.advance(50);
    }
    expect(sink.take()).toEqual(['a@3', 'g@4', 'f@5']);
  });

  it('is not counted again for a second watcher, and shows what the feed brought', async () => {
    const rig = new Rig();
    rig.set('a', 1);
    rig.set('b', 1);
    await rig.watching({ tenant: true });
    const calls = rig.store.calls.length;
    rig.event('a', 2, 'offline');
    rig.event('c', 3);
    const { sink, watcher } = rig.connect();
    await watcher.watch({ tenant: true });
    expect(sink.take()).toEqual(['[b@1 c@3]']);
    expect(rig.store.calls.slice(calls).map(({ kind }) => kind)).toEqual(['page']);
  });

  // The pages leave out whoever went offline, and the event that says so is late: the cache still has them online.
  it('shows nobody as they were before the watch', async () => {
    const rig = new Rig();
    rig.set('a', 1);
    rig.set('b', 1);
    await rig.watching({ tenant: true });
    rig.set('a', 2, 'offline');
    const { sink, watcher } = rig.connect();
    await watcher.watch({ tenant: true });
    expect(sink.take()).toEqual(['[b@1]']);
  });

  it('is read once more for all who ask meanwhile', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    rig.set('a', 1);
    const all = [rig.connect(), rig.connect(), rig.connect()];
    const watches = all.map(({ watcher }) => watcher.watch({ tenant: true }));
    await rig.answered(watches);
    expect(rig.store.calls.map(({ kind }) => kind)).toEqual(['count', 'page', 'page']);
    expect(all.map(({ sink }) => sink.take())).toEqual([['[a@1]'], ['[a@1]'], ['[a@1]']]);
  });

  it('is read again a quarter of the time at most', async () => {
    const rig = new Rig();
    rig.set('a', 1);
    await rig.watching({ tenant: true });
    rig.store.auto = false;
    const first = rig.connect().watcher.watch({ tenant: true });
    rig.time.advance(100);
    await rig.answered([first]);
    const calls = rig.store.calls.length;
    const next = rig.connect().watcher.watch({ tenant: true });
    await settle();
    rig.time.advance(299);
    await settle();
    expect(rig.store.calls).toHaveLength(calls);
    rig.time.advance(1);
    await rig.answered([next]);
    expect(rig.store.calls).toHaveLength(calls + 1);
  });

  it('takes events while it is read: the newer one wins, also an offline one', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    rig.set('a', 1);
    rig.set('b', 1);
    rig.set('c', 1);
    const { sink, watcher } = rig.connect();
    const watch = watcher.watch({ tenant: true });
    rig.store.open[0]?.answer();
    await settle();
    rig.event('a', 2, 'offline');
    rig.event('b', 3, 'busy');
    rig.event('d', 4);
    expect(sink.take()).toEqual([]);
    rig.store.open[0]?.answerOld();
    await rig.answered([watch]); // Also of who is in no page.
    expect(sink.take()).toEqual(['[b@3 d@4 c@1]']);
    rig.time.advance(100);
    expect(sink.take()).toEqual([]);
  });

  it('has users read who are asked for by id while it is read: an event alone may be old', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    rig.set('a', 9, 'offline');
    const all = rig.connect().watcher.watch({ tenant: true });
    rig.late('a', 4);
    const { sink, watcher } = rig.connect();
    const watch = watcher.watch({ users: ['a'] });
    rig.store.answerAll();
    await watch;
    expect(sink.take()).toEqual(['[a@9]']);
    rig.store.answerAll();
    await all;
  });

  it('sends a user watched by id as well but once', async () => {
    const rig = new Rig();
    rig.set('a', 1);
    rig.set('b', 1);
    const { sink, watcher } = rig.connect();
    await watcher.watch({ users: ['b', 'z'], tenant: true });
    expect(sink.take()).toEqual(['[b@1 z@0 a@1]']);
    rig.event('b', 2);
    rig.time.advance(50);
    rig.event('z', 3);
    rig.time.advance(50);
    expect(sink.take()).toEqual(['b@2', 'z@3']);
  });

  it('goes on with users watched by id when only the tenant is unwatched, and the other way round', async () => {
    const rig = new Rig();
    const { sink, watcher } = await rig.watching({ users: ['a', 'b'], tenant: true });
    watcher.unwatch({ tenant: true });
    rig.event('c', 1);
    rig.event('a', 1);
    rig.time.advance(50);
    expect(sink.take()).toEqual(['a@1']);
    await watcher.watch({ tenant: true });
    watcher.unwatch({ users: ['a', 'b'] });
    sink.take();
    rig.event('a', 2);
    expect(sink.take()).toEqual(['a@2']);
    expect(watcher.watching).toEqual({ users: new Set(), groups: new Set(), tenant: true });
  });

  it('still sends what it owed of users watched by id when it is unwatched', async () => {
    const rig = new Rig();
    const { sink, watcher } = await rig.watching({ users: ['a'], tenant: true });
    rig.event('c', 1);
    rig.event('a', 1); // Waits for the window.
    rig.event('d', 1);
    expect(sink.take()).toEqual(['c@1']);
    watcher.unwatch({ tenant: true });
    rig.time.advance(50);
    expect(sink.take()).toEqual(['a@1']);
  });

  it('does not send twice what a snapshot asked for meanwhile has shown', async () => {
    const rig = new Rig();
    const { sink, watcher } = await rig.watching({ tenant: true });
    rig.event('a', 1);
    rig.event('b', 1);
    rig.event('c', 1); // Both wait for the window.
    sink.take();
    await watcher.watch({ users: ['b'] });
    expect(sink.take()).toEqual(['[b@1]']);
    rig.time.advance(50);
    expect(sink.take()).toEqual(['c@1']);
  });

  it('tells its watchers what a read by id found out first', async () => {
    const rig = new Rig();
    const { sink } = await rig.watching({ tenant: true });
    rig.set('a', 5); // The event is under way.
    const other = await rig.watching({ users: ['a'] });
    expect(sink.take()).toEqual(['a@5']);
    rig.late('a', 5);
    rig.time.advance(50);
    expect(sink.take()).toEqual([]);
    expect(other.sink.take()).toEqual([]);
  });

  it('tells its watchers of an offline transition that a read by id found out first, each watcher once', async () => {
    const rig = new Rig();
    const all = await rig.watching({ tenant: true });
    const both = await rig.watching({ tenant: true });
    rig.set('a', 6, 'offline'); // Online at 5, offline at 6: both events are under way.
    await both.watcher.watch({ users: ['a'] });
    both.watcher.unwatch({ users: ['a'] });
    rig.time.advance(50);
    expect(rig.fanout.footprint.views).toBe(1); // Kept for the event to be compared with.
    rig.late('a', 5);
    rig.late('a', 6, 'offline');
    rig.time.advance(50);
    expect(all.sink.take()).toEqual(['a@6']);
    expect(both.sink.take()).toEqual(['a@6', '[a@6]']);
    expect(rig.fanout.footprint.views).toBe(0);
  });

  it('tells nothing of who was read by id and has long been offline', async () => {
    const rig = new Rig();
    rig.set('a', 6, 'offline');
    const { sink } = await rig.watching({ tenant: true });
    rig.late('a', 6, 'offline');
    rig.time.advance(50);
    expect(sink.take()).toEqual(['a@6']);
    await rig.watching({ users: ['a'] });
    rig.time.advance(50);
    expect(sink.take()).toEqual([]);
  });

  it('waits for the event no longer than until a later one', async () => {
    const rig = new Rig();
    const { sink } = await rig.watching({ tenant: true });
    rig.set('a', 6, 'offline');
    const { watcher } = await rig.watching({ users: ['a'] });
    watcher.close();
    rig.event('a', 8, 'offline');
    rig.time.advance(50);
    expect(sink.take()).toEqual(['a@6', 'a@8']);
    expect(rig.fanout.footprint.views).toBe(0);
  });

  it('can be read again by id after a read failed', async () => {
    const rig = new Rig();
    await rig.watching({ tenant: true });
    rig.store.auto = false;
    const { sink, watcher } = rig.connect();
    const refused = code(watcher.watch({ users: ['a'] }));
    rig.event('a', 1); // Present from now on: kept for the tenant's sake.
    rig.store.open[0]?.fail();
    expect(await refused).toBe('unavailable');
    rig.store.auto = true;
    await watcher.watch({ users: ['a'] });
    expect(sink.take()).toEqual(['[a@1]']);
  });

  it('forgets in time the event that never comes', async () => {
    const rig = new Rig();
    const { sink } = await rig.watching({ tenant: true });
    rig.set('a', 6, 'offline');
    const { watcher } = await rig.watching({ users: ['a'] });
    watcher.close();
    rig.time.advance(60_000);
    expect(sink.take()).toEqual(['a@6']);
    expect(rig.fanout.footprint).toMatchObject({ views: 0, waiting: 0 });
  });

  it('forgets who is offline once everybody was told', async () => {
    const rig = new Rig();
    rig.set('a', 1);
    const slow = await rig.watching({ tenant: true });
    const fast = await rig.watching({ tenant: true });
    slow.sink.buffered = 1_000_000;
    rig.event('a', 2, 'offline');
    rig.time.advance(50);
    expect(fast.sink.take()).toEqual(['a@2']);
    expect(rig.fanout.footprint.views).toBe(1); // The slow one has still to be told.
    slow.sink.buffered = 0;
    slow.watcher.drained();
    rig.time.advance(50);
    expect(slow.sink.take()).toEqual(['a@2']);
    expect(rig.fanout.footprint.views).toBe(0);
  });
});

describe('a slow watcher of a tenant', () => {
  it('gets one state of a user whom others stopped watching meanwhile', async () => {
    const rig = new Rig();
    const slow = await rig.watching({ tenant: true });
    slow.sink.buffered = 1_000_000;
    const byId = await rig.watching({ users: ['a'] });
    rig.event('a', 2, 'offline');
    byId.watcher.close();
    rig.event('a', 3);
    slow.sink.buffered = 0;
    rig.time.advance(1000);
    expect(slow.sink.take()).toEqual(['a@3']);
  });

  it('leaves nothing that would be sent again', async () => {
    const rig = new Rig();
    const { sink, watcher } = await rig.watching({ users: ['a', 'b'] });
    const first = await rig.watching({ tenant: true });
    rig.event('a', 1, 'offline');
    rig.time.advance(50);
    first.watcher.close();
    sink.take();
    await watcher.watch({ tenant: true });
    watcher.unwatch({ tenant: true });
    rig.event('b', 1);
    rig.time.advance(1000);
    expect(sink.take()).toEqual(['[]', 'b@1']);
  });

  it('leaves nothing that disturbs the next', async () => {
    const rig = new Rig();
    await rig.watching({ users: ['a'] });
    const slow = await rig.watching({ tenant: true });
    slow.sink.buffered = 1_000_000;
    rig.event('a', 1); // Has its place among the changes for the sake of the slow one.
    slow.watcher.close();
    const { sink } = await rig.watching({ tenant: true });
    rig.event('x', 1);
    rig.event('b', 1);
    rig.event('a', 2);
    rig.event('c', 1);
    rig.time.advance(50);
    expect(sink.take()).toEqual(['x@1', 'b@1 a@2 c@1']);
  });

  it('gets the newest, not what was put together for another slow one', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    const [one, two] = [await rig.watching({ tenant: true }), await rig.watching({ tenant: true })];
    for (const { sink } of [one, two]) sink.buffered = 1_000_000;
    rig.event('a', 1);
    rig.event('b', 1);
    one.sink.buffered = 0;
    one.watcher.drained();
    two.sink.buffered = 0; // It reads again, but nobody has said so yet.
    rig.event('a', 2);
    expect(one.sink.take()).toEqual(['a@1 b@1', 'a@2']);
    expect(two.sink.take()).toEqual(['b@1 a@2']);
  });
});
