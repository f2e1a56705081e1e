import { describe, expect, it } from 'vitest';
import { Rig, settle } from './rig.ts';

describe('reads', () => {
  it('happen once for a user, however many watch them', async () => {
    const rig = new Rig();
    await rig.watching({ users: ['ann'] });
    rig.event('ann', 5);
    const second = rig.connect();
    await second.watcher.watch({ users: ['ann'] });
    expect(second.sink.take()).toEqual(['[ann@5]']);
    expect(rig.store.calls).toHaveLength(1);
  });

  it('are shared while under way', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    const [one, two] = [rig.connect(), rig.connect()];
    const watches = [one.watcher.watch({ users: ['ann'] }), two.watcher.watch({ users: ['ann', 'bob'] })];
    expect(rig.store.calls.map(({ users }) => users)).toEqual([['ann'], ['bob']]);
    rig.store.answerAll();
    await Promise.all(watches);
    expect(two.sink.take()).toEqual(['[ann@0 bob@0]']);
  });

  it('lose to an event that came meanwhile', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    rig.set('ann', 3);
    const { sink, watcher } = rig.connect();
    const watch = watcher.watch({ users: ['ann'] });
    rig.event('ann', 4, 'away');
    expect(sink.take()).toEqual([]); // Nothing of a user before the snapshot.
    rig.store.open[0]?.answerOld();
    await watch;
    expect(sink.take()).toEqual(['[ann@4]']);
    rig.time.advance(100);
    expect(sink.take()).toEqual([]);
  });

  it('win over an event that was late', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    rig.set('ann', 9);
    const { sink, watcher } = rig.connect();
    const watch = watcher.watch({ users: ['ann'] });
    rig.late('ann', 4);
    rig.store.answerAll();
    await watch;
    rig.late('ann', 9);
    rig.time.advance(100);
    expect(sink.take()).toEqual(['[ann@9]']);
  });

  it('hold back the snapshot of a second watcher too, although an event came first', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    rig.set('ann', 9);
    const [one, two] = [rig.connect(), rig.connect()];
    const first = one.watcher.watch({ users: ['ann'] });
    rig.late('ann', 4);
    const second = two.watcher.watch({ users: ['ann'] });
    expect(two.sink.take()).toEqual([]);
    rig.store.answerAll();
    await Promise.all([first, second]);
    expect(two.sink.take()).toEqual(['[ann@9]']);
  });

  it('belong to one registration: an answer that comes after unwatch and watch is not for the new one', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    rig.set('ann', 3);
    const { sink, watcher } = rig.connect();
    const first = watcher.watch({ users: ['ann'] }, 'first');
    watcher.unwatch({ users: ['ann'] });
    rig.event('ann', 4, 'away'); // Nobody watches: no cache takes it.
    const second = watcher.watch({ users: ['ann'] }, 'second');
    rig.store.open[0]?.answerOld();
    await first;
    expect(sink.take()).toEqual(['[]']); // The answer to `first`, who asked for nobody any more.
    rig.store.open[0]?.answer();
    await second;
    expect(sink.frames[0]?.ref).toBe('second');
    expect(sink.take()).toEqual(['[ann@4]']);
  });

  it('answer who asked again while somebody else kept the user', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    const [one, two] = [rig.connect(), rig.connect()];
    const watches = [one.watcher.watch({ users: ['ann'] }), two.watcher.watch({ users: ['ann'] })];
    two.watcher.unwatch({ users: ['ann'] });
    rig.event('ann', 4);
    watches.push(two.watcher.watch({ users: ['ann'] }));
    expect(rig.store.calls).toHaveLength(1);
    rig.store.open[0]?.answerOld();
    await Promise.all(watches);
    expect(one.sink.take()).toEqual(['[ann@4]']);
    expect(two.sink.take()).toEqual(['[]', '[ann@4]']);
  });

  it('leave out who was unwatched meanwhile', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    const { sink, watcher } = rig.connect();
    const watch = watcher.watch({ users: ['ann', 'bob'] });
    watcher.unwatch({ users: ['ann'] });
    rig.store.answerAll();
    await watch;
    rig.event('ann', 1);
    rig.event('bob', 1);
    expect(sink.take()).toEqual(['[bob@0]', 'bob@1']);
    expect(rig.fanout.footprint).toMatchObject({ watches: 1, views: 1 });
  });

  it('of two answers both send everyone they were asked for', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    const { sink, watcher } = rig.connect();
    const watches = [
      watcher.watch({ users: ['ann', 'bob'] }, 'one'),
      watcher.watch({ users: ['bob', 'carl'] }, 'two'),
    ];
    expect(rig.store.calls.map(({ users }) => users)).toEqual([['ann', 'bob'], ['carl']]);
    rig.store.open[1]?.answer();
    await settle();
    expect(sink.take()).toEqual([]);
    rig.store.open[0]?.answer();
    await Promise.all(watches);
    expect(sink.take()).toEqual(['[ann@0 bob@0]', '[bob@0 carl@0]']);
    expect(rig.fanout.footprint.watches).toBe(3);
  });

  it('pass only what is newer, whatever comes in which order', async () => {
    const rig = new Rig();
    const { sink } = await rig.watching({ users: ['ann'] });
    for (const ver of [5, 4, 5, 3, 6]) {
      rig.late('ann', ver);
      rig.time.advance(50);
    }
    expect(sink.take()).toEqual(['ann@5', 'ann@6']);
  });
});
