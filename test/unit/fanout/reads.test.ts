import { describe, expect, it } from 'vitest';
import { Rig, settle, view } from './rig.ts';

describe('reads', () => {
  it('are not older than the watch they answer: what changes without a version is shown as it is', async () => {
    const rig = new Rig();
    rig.set('ann', 5);
    const first = await rig.watching({ users: ['ann'] });
    rig.store.truth.set('ann', { ...view('ann', 5), name: 'Ann', devices: ['web', 'mobile'] });
    const second = rig.connect();
    await second.watcher.watch({ users: ['ann'] });
    expect(second.sink.takeFrames()).toMatchObject([
      { users: [{ name: 'Ann', devices: ['web', 'mobile'] }] },
    ]);
    expect(first.sink.take(), 'no transition').toEqual([]);
  });

  it('are shared by all who ask while one is under way: one runs, and one waits', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    const all = [0, 1, 2, 3].map(() => rig.connect());
    const watches = all.map(({ watcher }) => watcher.watch({ users: ['ann'] }));
    expect(rig.store.calls.map(({ users }) => users)).toEqual([['ann']]);
    await rig.answered(watches);
    expect(rig.store.calls.map(({ users }) => users)).toEqual([['ann'], ['ann']]);
    expect(all.map(({ sink }) => sink.take())).toEqual(Array(4).fill(['[ann@0]']));
  });

  it('of another version than was asked for last lose to the later one, whichever answers first', async () => {
    const rig = new Rig();
    rig.set('ann', 5, 'online', ['g']);
    await rig.watching({ users: ['ann'] });
    rig.store.auto = false;
    const [one, two] = [rig.connect(), rig.connect(undefined, { groups: ['g'] })];
    const old = one.watcher.watch({ users: ['ann'] });
    rig.store.truth.set('ann', { ...view('ann', 5), name: 'Ann', groups: ['g'] });
    const next = two.watcher.watch({ groups: ['g'] });
    rig.store.open[1]?.answer();
    await next;
    rig.store.open[0]?.answerOld();
    await old;
    expect(one.sink.takeFrames()).toMatchObject([{ users: [{ name: 'Ann' }] }]);
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
    await rig.answered([first, second]);
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
    await rig.answered(watches);
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
    await rig.answered(watches);
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
