import { describe, expect, it } from 'vitest';
import { Rig, settle } from './rig.ts';

const MINE = { everyone: false, groups: ['g', 'h'] };

describe('watching a group', () => {
  it('shows every member, also those who are offline, and then their changes', async () => {
    const rig = new Rig();
    rig.set('ann', 1, 'online', ['g']);
    rig.set('bob', 2, 'offline', ['g', 'h']);
    rig.set('eve', 3, 'online', ['h']);
    const { sink, watcher } = rig.connect(undefined, MINE);
    await watcher.watch({ groups: ['g'] }, 'r');
    expect(sink.takeFrames()).toMatchObject([
      {
        type: 'presence',
        snapshot: true,
        ref: 'r',
        users: [{ user: 'ann' }, { user: 'bob', status: 'offline' }],
      },
    ]);
    rig.event('bob', 10, 'online', { groups: ['g', 'h'] });
    rig.event('eve', 11, 'away', { groups: ['h'] });
    expect(sink.takeFrames()).toMatchObject([
      { type: 'presence', users: [{ user: 'bob', status: 'online' }] },
    ]);
  });

  it('shows who joins, and takes away who leaves, with a transition and without', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    rig.set('ann', 1, 'online', ['g']);
    const { sink } = await rig.watching({ groups: ['g'] }, undefined, MINE);
    rig.event('bob', 2, 'online', { groups: ['g'] });
    rig.set('eve', 3, 'busy');
    rig.regroup('eve', ['g']);
    expect(sink.takeFrames()).toMatchObject([
      { type: 'presence', users: [{ user: 'bob' }] },
      { type: 'members', group: 'g', joined: ['bob'] },
      { type: 'presence', users: [{ user: 'eve', status: 'busy' }] },
      { type: 'members', group: 'g', joined: ['eve'] },
    ]);
    rig.regroup('ann', []);
    rig.event('bob', 5, 'away', { groups: ['h'] });
    expect(sink.takeFrames()).toEqual([
      { type: 'members', group: 'g', left: ['ann'] },
      { type: 'gone', users: ['ann'] },
      { type: 'members', group: 'g', left: ['bob'] },
      { type: 'gone', users: ['bob'] },
    ]);
    rig.event('ann', 6, 'away');
    rig.event('bob', 7, 'online', { groups: ['h'] });
    expect(sink.takeFrames()).toEqual([]);
  });

  it('believes the feed rather than a read that was made before', async () => {
    const rig = new Rig();
    rig.set('ann', 1, 'online', ['g']);
    rig.store.auto = false;
    const { sink, watcher } = rig.connect(undefined, MINE);
    const watching = watcher.watch({ groups: ['g'] });
    await settle();
    rig.regroup('ann', []);
    rig.event('bob', 2, 'online', { groups: ['g'] });
    for (const call of [...rig.store.open]) call.answerOld();
    await rig.answered([watching]);
    expect(sink.takeFrames()).toMatchObject([{ snapshot: true, users: [{ user: 'bob' }] }]);
  });

  // A read of one user that is ahead of the feed joins no group: the event of that version does, although it is no news.
  it('has whom a read by id knew before the feed said that they joined', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    const { sink } = await rig.watching({ groups: ['g'] }, undefined, MINE);
    rig.set('ann', 5, 'online', ['g']);
    await rig.watching({ users: ['ann'] });
    rig.event('ann', 5, 'online', { groups: ['g'] });
    expect(sink.take()).toEqual(['ann@5', 'members']);
  });

  it('keeps who moves into another watched group, with a transition and without', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    rig.set('ann', 1, 'online', ['g']);
    const { sink, watcher } = await rig.watching({ groups: ['g', 'h'] }, undefined, MINE);
    rig.regroup('ann', ['h']);
    expect(sink.takeFrames()).toEqual([
      { type: 'members', group: 'g', left: ['ann'] },
      { type: 'members', group: 'h', joined: ['ann'] },
    ]);
    rig.event('ann', 2, 'away', { groups: ['g'] });
    expect(sink.take()).toEqual(['ann@2', 'members', 'members']);
    watcher.unwatch({ groups: ['g'] });
    rig.event('ann', 3, 'online', { groups: ['g'] });
    expect(sink.take()).toEqual([]);
    expect(rig.fanout.footprint).toMatchObject({ watches: 1, views: 0 });
  });

  // Somebody read by id ahead of the feed leaves groups only by the event of that version, as they join by it.
  it('has no more whom a read by id knew before the feed said that they left', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    rig.set('ann', 1, 'online', ['g']);
    const { sink } = await rig.watching({ groups: ['g'] }, undefined, MINE);
    rig.set('ann', 5, 'away', ['h']);
    await rig.watching({ users: ['ann'] });
    sink.take();
    rig.event('ann', 5, 'away', { groups: ['h'] });
    expect(sink.takeFrames()).toEqual([
      { type: 'members', group: 'g', left: ['ann'] },
      { type: 'gone', users: ['ann'] },
    ]);
    rig.event('ann', 6, 'online', { groups: ['h'] });
    expect(sink.takeFrames()).toEqual([]);
  });

  // The reading was made before somebody joined; the entry that says so was lost, and the loss noticed, before it came.
  it('finds who joined while it was read the first time and the feed lost that', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    rig.store.auto = false;
    const { sink, watcher } = rig.connect(undefined, MINE);
    const watching = watcher.watch({ groups: ['g'] });
    await settle();
    rig.set('ann', 3, 'online', ['g']);
    rig.reset(0);
    rig.time.advance(1);
    await settle();
    rig.store.open[0]?.answerOld();
    await rig.answered([watching]);
    for (let n = 0; n < 10; n += 1) {
      rig.time.advance(1000);
      rig.store.answerAll();
      await settle();
    }
    expect(sink.take().join(' ')).toContain('ann@3');
  });

  it('has whom a newer read by id found in it, when its own reading is older', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    rig.store.auto = false;
    rig.set('ann', 1, 'online', ['g']);
    const { sink, watcher } = rig.connect(undefined, MINE);
    const byGroup = watcher.watch({ groups: ['g'] });
    rig.set('ann', 2, 'away', ['g', 'h']);
    const byId = rig.connect().watcher.watch({ users: ['ann'] });
    await settle();
    rig.store.open[1]?.answer();
    await byId;
    rig.store.open[0]?.answerOld();
    await rig.answered([byGroup]);
    expect(sink.take()).toEqual(['[ann@2]']);
  });

  it('is read at most twice for all who ask at once, and forgotten with the last', async () => {
    const rig = new Rig();
    rig.set('ann', 1, 'online', ['g']);
    const connections = await Promise.all(
      [1, 2, 3].map(() => rig.watching({ groups: ['g'] }, undefined, MINE)),
    );
    expect(rig.store.calls.map(({ kind }) => kind)).toEqual(['members', 'members']);
    for (const { watcher } of connections) watcher.close();
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
  });

  it('ends for its members alone, not for who is watched by id or in another group', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    rig.set('ann', 1, 'online', ['g']);
    rig.set('bob', 2, 'online', ['g', 'h']);
    rig.set('eve', 3, 'online', ['g']);
    const { sink, watcher } = await rig.watching({ groups: ['g', 'h'], users: ['ann'] }, undefined, MINE);
    watcher.unwatch({ groups: ['g'] });
    for (const user of ['ann', 'bob', 'eve'])
      rig.event(user, 10, 'away', { groups: user === 'bob' ? ['g', 'h'] : ['g'] });
    expect(sink.takeFrames()).toMatchObject([{ users: [{ user: 'ann' }] }, { users: [{ user: 'bob' }] }]);
    expect(watcher.watching).toEqual({ users: new Set(['ann']), groups: new Set(['h']), tenant: false });
    watcher.unwatch({ users: ['ann'], groups: ['h'] });
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
  });

  it('keeps a member who is unwatched by id', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    rig.set('ann', 1, 'online', ['g']);
    const { sink, watcher } = await rig.watching({ groups: ['g'], users: ['ann'] }, undefined, MINE);
    watcher.unwatch({ users: ['ann'] });
    rig.event('ann', 2, 'away', { groups: ['g'] });
    expect(sink.takeFrames()).toMatchObject([{ users: [{ user: 'ann', status: 'away' }] }]);
    rig.regroup('ann', []);
    expect(sink.takeFrames()).toEqual([
      { type: 'members', group: 'g', left: ['ann'] },
      { type: 'gone', users: ['ann'] },
    ]);
  });

  it('is refused beyond what a connection may watch, and nothing is registered', async () => {
    const rig = new Rig({ settings: { maxWatches: 3 } });
    for (let n = 1; n <= 4; n += 1) rig.set(`u${n}`, n, 'offline', ['g']);
    const { sink, watcher } = rig.connect(undefined, MINE);
    await expect(watcher.watch({ groups: ['g'] })).rejects.toMatchObject({ code: 'too_many_watches' });
    expect(sink.takeFrames()).toEqual([]);
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
  });

  it('ends when the group grows far beyond that, and says so', async () => {
    const rig = new Rig({ settings: { maxWatches: 2 } });
    rig.set('u0', 1, 'online', ['g']);
    const { sink, watcher } = await rig.watching({ groups: ['g'] }, undefined, MINE);
    for (let n = 1; n <= 4; n += 1) rig.event(`u${n}`, 10 + n, 'online', { groups: ['g'] });
    rig.time.advance(100);
    const frames = sink.takeFrames();
    expect(frames).toContainEqual(expect.objectContaining({ type: 'gone', groups: ['g'] }));
    expect(frames).toContainEqual(expect.objectContaining({ code: 'too_many_watches' }));
    expect(watcher.watching.groups).toEqual(new Set());
  });

  it('is unavailable while the store cannot tell, and nothing is registered', async () => {
    const rig = new Rig();
    rig.store.away = true;
    const { watcher } = rig.connect(undefined, MINE);
    await expect(watcher.watch({ groups: ['g'] })).rejects.toMatchObject({ code: 'unavailable' });
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
  });

  it('finds who joined and left while data was lost', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    rig.set('ann', 1, 'online', ['g']);
    rig.set('bob', 2, 'online', ['g']);
    const { sink } = await rig.watching({ groups: ['g'] }, undefined, MINE);
    rig.set('ann', 1, 'online', []);
    rig.set('eve', 3, 'online', ['g']);
    rig.reset(0);
    rig.time.advance(1);
    for (let n = 0; n < 10; n += 1) {
      await settle();
      rig.time.advance(1);
    }
    const frames = sink.takeFrames();
    expect(frames).toContainEqual({ type: 'gone', users: ['ann'] });
    expect(frames).toContainEqual(
      expect.objectContaining({ users: [expect.objectContaining({ user: 'eve' })] }),
    );
  });

  it('ends when it turns out to have grown far beyond that while data was lost', async () => {
    const rig = new Rig({ settings: { maxWatches: 2, fanoutWindowMs: 0 } });
    rig.set('ann', 1, 'online', ['g']);
    const { sink, watcher } = await rig.watching({ groups: ['g'] }, undefined, MINE);
    const both = await rig.watching({ groups: ['g'], tenant: true }, undefined, { groups: ['g'] });
    for (let n = 1; n <= 5; n += 1) rig.set(`u${n}`, 10 + n, 'offline', ['g']);
    rig.reset(0);
    for (let n = 0; n < 5; n += 1) {
      rig.time.advance(3000);
      await settle();
    }
    const error = expect.objectContaining({ type: 'error', code: 'too_many_watches' });
    expect(sink.takeFrames()).toEqual([
      { type: 'gone', groups: ['g'] },
      { type: 'gone', users: ['ann'] },
      error,
    ]);
    expect(both.sink.takeFrames()).toEqual([{ type: 'gone', groups: ['g'] }, error]);
    expect(watcher.watching.groups).toEqual(new Set());
    expect(rig.time.timers).toBe(0);
  });
});

describe('a lost group', () => {
  it('takes the view away: the group, and whoever was only seen through it', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    rig.set('ann', 1, 'online', ['g']);
    rig.set('bob', 2, 'online', ['g', 'h']);
    const { sink, watcher } = await rig.watching({ groups: ['g', 'h'] }, undefined, MINE);
    watcher.allow({ self: 'me', users: true, everyone: false, groups: ['h'], sharedOnly: false });
    expect(sink.takeFrames()).toEqual([
      { type: 'gone', groups: ['g'] },
      { type: 'gone', users: ['ann'] },
    ]);
    rig.event('ann', 5, 'away', { groups: ['g'] });
    expect(sink.takeFrames()).toEqual([]);
  });

  it('is refused when it was lost while its members were read', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    const { watcher } = rig.connect(undefined, MINE);
    const watching = watcher.watch({ groups: ['g'] });
    const refused = expect(watching).rejects.toMatchObject({ code: 'forbidden', refused: { groups: ['g'] } });
    await settle();
    watcher.allow({ self: 'me', users: true, everyone: false, groups: [], sharedOnly: false });
    rig.store.answerAll();
    await refused;
    expect(watcher.watching.groups).toEqual(new Set());
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
  });

  it('loses everybody with the scope', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    rig.set('ann', 1, 'online');
    const { sink, watcher } = await rig.watching({ users: ['ann'], tenant: true });
    watcher.allow({ self: 'me', users: false, everyone: false, groups: [], sharedOnly: false });
    expect(sink.takeFrames()).toEqual([
      { type: 'gone', tenant: true },
      { type: 'gone', users: ['ann'] },
    ]);
    rig.event('ann', 2, 'away');
    expect(sink.takeFrames()).toEqual([]);
  });

  it('names very many in several frames', async () => {
    const rig = new Rig();
    const users = Array.from({ length: 1200 }, (_, n) => `u${n}`);
    const { sink, watcher } = await rig.watching({ users });
    watcher.allow({ self: 'me', users: false, everyone: false, groups: [], sharedOnly: false });
    expect(sink.takeFrames().map((frame) => (frame as unknown as { users: string[] }).users.length)).toEqual([
      500, 500, 200,
    ]);
  });
});
