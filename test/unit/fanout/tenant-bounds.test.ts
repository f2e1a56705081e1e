import { describe, expect, it } from 'vitest';
import { WatchError } from '../../../src/fanout/fanout.ts';
import { Rig, settle } from './rig.ts';

const code = (watch: Promise<void>): Promise<string> =>
  watch.then(
    () => 'none',
    (error: unknown) => (error instanceof WatchError ? error.code : String(error)),
  );

describe('the size of a watched tenant', () => {
  it('is limited when the watch begins, at the cost of one count', async () => {
    const rig = new Rig({ settings: { tenantWatchMax: 2 } });
    for (const user of ['a', 'b', 'c']) rig.set(user, 1);
    const { watcher } = rig.connect();
    expect(await code(watcher.watch({ tenant: true, users: ['x'] }))).toBe('too_many_watches');
    expect(rig.store.calls.map(({ kind }) => kind)).not.toContain('page');
    expect(watcher.watching).toEqual({ users: new Set(), groups: new Set(), tenant: false });
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
    rig.event('c', 2, 'offline');
    const calls = rig.store.calls.length;
    expect(await code(watcher.watch({ tenant: true })), 'remembered').toBe('too_many_watches');
    expect(rig.store.calls).toHaveLength(calls);
    rig.time.advance(5000);
    expect(await code(watcher.watch({ tenant: true }))).toBe('none');
  });

  it('is limited by what the pages bring, too', async () => {
    const rig = new Rig({ settings: { tenantWatchMax: 2 } });
    rig.store.pageSize = 1;
    rig.store.auto = false;
    for (const user of ['a', 'b']) rig.set(user, 1);
    const refused = code(rig.connect().watcher.watch({ tenant: true }));
    for (const late of ['c', 'd', 'e']) {
      rig.store.answerAll();
      await settle();
      rig.set(late, 1);
    }
    rig.store.answerAll();
    expect(await refused).toBe('too_many_watches');
    expect(rig.store.calls.filter(({ kind }) => kind === 'page')).toHaveLength(3);
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
  });

  it('does not count who is no longer held', async () => {
    const rig = new Rig({ settings: { tenantWatchMax: 1 } });
    for (const user of ['a', 'b', 'c']) rig.set(user, 1);
    const { watcher } = await rig.watching({ users: ['a', 'b', 'c'] });
    watcher.unwatch({ users: ['a', 'b'] });
    rig.set('a', 2, 'offline');
    rig.set('b', 2, 'offline');
    expect(await code(rig.connect().watcher.watch({ tenant: true }))).toBe('none');
  });

  it('is limited for the second watcher by what the feed brought', async () => {
    const rig = new Rig({ settings: { tenantWatchMax: 2 } });
    const { sink, watcher } = await rig.watching({ tenant: true });
    for (const user of ['a', 'b', 'c']) rig.event(user, 1);
    expect(await code(rig.connect().watcher.watch({ tenant: true }))).toBe('too_many_watches');
    rig.time.advance(50);
    expect(sink.take()).toEqual(['a@1', 'b@1 c@1']); // Who watches already goes on.
    expect(await code(watcher.watch({ tenant: true }))).toBe('none');
  });

  it('ends the watch far beyond the limit, and says so', async () => {
    const rig = new Rig({ settings: { tenantWatchMax: 2 } });
    const { sink, watcher } = await rig.watching({ tenant: true, users: ['u9999'] });
    for (let n = 0; n < 10_000; n += 1) rig.event(`u${n}`, 1);
    rig.time.advance(1000);
    sink.take();
    expect(watcher.watching.tenant).toBe(true);
    rig.event('one-more', 1);
    expect(sink.take().slice(-2)).toEqual(['gone', 'error']);
    expect(watcher.watching).toEqual({ users: new Set(['u9999']), groups: new Set(), tenant: false });
    rig.event('u9999', 2);
    rig.event('u9998', 2);
    rig.time.advance(50);
    expect(sink.take()).toEqual(['u9999@2']);
    expect(rig.fanout.footprint).toMatchObject({ watches: 1, views: 1 });
  });
});

describe('when a tenant cannot be read', () => {
  it('registers nothing', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    rig.set('a', 1);
    const { sink, watcher } = rig.connect();
    const refused = code(watcher.watch({ tenant: true, users: ['b'] }));
    rig.store.open.find(({ kind }) => kind === 'read')?.answer();
    rig.store.open[0]?.answer();
    await settle();
    rig.store.open[0]?.fail();
    expect(await refused).toBe('unavailable');
    rig.event('a', 2);
    rig.event('b', 2);
    expect(sink.take()).toEqual([]);
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
    rig.store.auto = true;
    await watcher.watch({ tenant: true });
    expect(sink.take()).toEqual(['[a@2 b@2]']);
  });

  // Thousands of reads by id would come in place of one that failed, of each who reconnects, while the store is in trouble.
  it('is shown as it is known, and nobody of it is read by id', async () => {
    const rig = new Rig();
    rig.set('a', 1);
    rig.set('b', 2, 'online', ['g']);
    await rig.watching({ tenant: true, groups: ['g'] }, undefined, { groups: ['g'] });
    rig.time.advance(5000);
    rig.store.calls.length = 0;
    rig.store.away = true;
    const { sink, watcher } = rig.connect(undefined, { groups: ['g'] });
    await watcher.watch({ tenant: true, groups: ['g'] });
    expect(sink.take()).toEqual(['[b@2 a@1]+', '[b@2]']);
    expect(rig.store.calls.map(({ kind }) => kind).sort()).toEqual(['members', 'page']);
  });

  it('belongs to the watch that asked: after unwatch and watch it is read anew', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    rig.set('a', 1);
    const { sink, watcher } = rig.connect();
    const first = watcher.watch({ tenant: true }, 'first');
    rig.store.open[0]?.answer();
    await settle();
    watcher.unwatch({ tenant: true });
    rig.event('a', 2, 'offline'); // Nobody takes it.
    const second = watcher.watch({ tenant: true }, 'second');
    rig.store.open[0]?.answerOld();
    await first;
    rig.store.answerAll();
    await settle();
    rig.store.answerAll();
    await second;
    expect(sink.frames.map(({ ref }) => ref)).toEqual(['first', 'second']);
    expect(sink.take()).toEqual(['[]', '[]']);
  });
});
