import { describe, expect, it } from 'vitest';
import { type FakeSink, Rig } from './rig.ts';

const MINE = { everyone: false, groups: ['g', 'h', 'empty'] };
const unmerged = { settings: { fanoutWindowMs: 0 } } as const;

const block = (sink: FakeSink): void => {
  sink.blocked = true;
  sink.buffered = 1_000_000;
};
const read = (sink: FakeSink): void => {
  sink.blocked = false;
  sink.buffered = 0;
};
/** The frames since the last look, presence as `group:user+user`. */
const short = (sink: FakeSink): string[] =>
  sink.takeFrames().map(({ type, users, group, joined, left, more }) => {
    const ids = users?.map((user) => (typeof user === 'string' ? user : user.user)).join('+') ?? '';
    if (type === 'members') return `members ${group}${joined ? ` +${joined}` : ''}${left ? ` -${left}` : ''}`;
    return type === 'gone' ? `gone ${ids}` : `${group ?? ''}:${ids}${more === true ? ' …' : ''}`;
  });

describe('the snapshot of groups', () => {
  it('has frames of each group, also of an empty one, after the users asked for by id', async () => {
    const rig = new Rig();
    rig.set('ann', 1, 'online', ['g', 'h']);
    rig.set('bob', 2, 'offline', ['h']);
    rig.set('eve', 3, 'online');
    const { sink, watcher } = rig.connect(undefined, MINE);
    await watcher.watch({ users: ['eve', 'ann'], groups: ['h', 'empty', 'g'] }, 'r');
    expect(short(sink)).toEqual([':eve+ann …', 'h:ann+bob …', 'empty: …', 'g:ann']);
  });

  it('counts somebody for each group they are in, and by id', async () => {
    const rig = new Rig({ settings: { maxWatches: 3 } });
    rig.set('ann', 1, 'online', ['g', 'h']);
    rig.set('bob', 2, 'online', ['g', 'h']);
    const { watcher } = rig.connect(undefined, MINE);
    await expect(watcher.watch({ groups: ['g', 'h'] })).rejects.toMatchObject({ code: 'too_many_watches' });
    expect(watcher.watching.groups.size).toBe(0);
    await watcher.watch({ groups: ['g'] });
    await watcher.watch({ users: ['ann'] });
    await expect(watcher.watch({ users: ['bob'] })).rejects.toMatchObject({ code: 'too_many_watches' });
    expect(rig.fanout.footprint.watches).toBe(4);
  });

  it('ends, although what was still to come is watched no longer', async () => {
    const rig = new Rig();
    rig.set('ann', 1, 'online', ['g']);
    rig.set('bob', 2, 'online', ['h']);
    const { sink, watcher } = rig.connect(undefined, MINE);
    sink.onFrame = () => block(sink);
    await watcher.watch({ groups: ['g', 'h'] });
    watcher.unwatch({ groups: ['h'] });
    read(sink);
    watcher.drained();
    expect(short(sink)).toEqual(['g:ann …', ':']);
  });
});

describe('the members of a watched group', () => {
  it('are named when they join and leave, also when nothing else of them changes', async () => {
    const rig = new Rig(unmerged);
    rig.set('ann', 1, 'online', ['g']);
    const both = await rig.watching({ groups: ['g', 'h'] }, undefined, MINE);
    const one = await rig.watching({ groups: ['g'] }, undefined, MINE);
    const byId = await rig.watching({ groups: ['g'], users: ['ann'] }, undefined, MINE);
    rig.regroup('ann', ['h', 'g']);
    for (const { sink } of [one, byId]) expect(short(sink)).toEqual([]);
    expect(short(both.sink)).toEqual(['members h +ann']);
    rig.regroup('ann', ['h']);
    expect(short(both.sink)).toEqual(['members g -ann']);
    expect(short(one.sink)).toEqual(['members g -ann', 'gone ann']);
    expect(short(byId.sink)).toEqual(['members g -ann']);
    rig.event('ann', 5, 'away', { groups: ['g'] });
    expect(short(both.sink)).toEqual([':ann', 'members h -ann', 'members g +ann']);
    for (const { sink } of [one, byId]) expect(short(sink)).toEqual([':ann', 'members g +ann']);
  });

  it('are named after presence and before gone in one window', async () => {
    const rig = new Rig();
    rig.set('ann', 1, 'online', ['g']);
    const { sink } = await rig.watching({ groups: ['g'] }, undefined, MINE);
    rig.event('bob', 2, 'online', { groups: ['g'] });
    expect(short(sink)).toEqual([':bob', 'members g +bob']);
    rig.event('eve', 3, 'online', { groups: ['g'] });
    rig.regroup('ann', []);
    expect(short(sink)).toEqual([]);
    rig.time.advance(20);
    expect(short(sink)).toEqual([':eve', 'members g +eve -ann', 'gone ann']);
  });

  it('are not named when they left and are back before it was told', async () => {
    const rig = new Rig();
    rig.set('ann', 1, 'online', ['g']);
    rig.set('bob', 2, 'online', ['g']);
    const { sink } = await rig.watching({ groups: ['g'] }, undefined, MINE);
    rig.regroup('bob', []);
    sink.take();
    rig.regroup('ann', []);
    rig.regroup('ann', ['g']);
    rig.time.advance(20);
    expect(short(sink)).toEqual([]);
    rig.event('ann', 3, 'away', { groups: ['g'] });
    expect(sink.take()).toEqual(['ann@3']);
  });

  it('are right for who does not read meanwhile, in bounded memory', async () => {
    const rig = new Rig(unmerged);
    rig.set('ann', 1, 'online', ['g']);
    rig.set('bob', 2, 'online', ['g']);
    const { sink, watcher } = await rig.watching({ groups: ['g'] }, undefined, MINE);
    block(sink);
    for (let n = 0; n < 100; n += 1) {
      rig.regroup('ann', []);
      rig.regroup('eve', ['g']);
      rig.event('ann', 10 + n, 'online', { groups: ['g'] });
      rig.regroup('eve', []);
    }
    rig.regroup('bob', []);
    rig.regroup('eve', ['g']);
    expect(sink.frames).toEqual([]);
    read(sink);
    watcher.drained();
    expect(short(sink)).toEqual([':ann+eve', 'members g +eve -bob', 'gone bob']);
  });

  it('wait for the end of the list that is being sent, which shows who joins meanwhile', async () => {
    const rig = new Rig({ ...unmerged, tuning: { frameUsers: 1 } });
    rig.set('ann', 1, 'online', ['g']);
    rig.set('bob', 2, 'online', ['g']);
    const { sink, watcher } = rig.connect(undefined, MINE);
    sink.onFrame = () => block(sink);
    await watcher.watch({ groups: ['g'] });
    rig.regroup('ann', []);
    rig.regroup('eve', ['g']);
    expect(short(sink)).toEqual(['g:ann …']);
    sink.onFrame = undefined;
    read(sink);
    watcher.drained();
    expect(short(sink)).toEqual(['g:bob …', 'g:eve', 'members g -ann', 'gone ann']);
  });

  // A change of a user whose snapshot is still to come is left to it.
  it('are shown what changed, where they leave the list before it is sent and are watched by id', async () => {
    const rig = new Rig({ ...unmerged, tuning: { frameUsers: 1 } });
    rig.set('ann', 1, 'online', ['g']);
    rig.set('bob', 2, 'online', ['g']);
    const { sink, watcher } = rig.connect(undefined, MINE);
    await watcher.watch({ users: ['bob'] });
    sink.onFrame = () => block(sink);
    await watcher.watch({ groups: ['g'] });
    sink.take();
    rig.event('bob', 5, 'away', { groups: ['g'] });
    rig.regroup('bob', []);
    sink.onFrame = undefined;
    read(sink);
    watcher.drained();
    expect(sink.take()).toEqual(['[]', 'bob@5']);
  });

  it('are shown before they join a group, where they leave the list of another before it is sent', async () => {
    const rig = new Rig({ ...unmerged, tuning: { frameUsers: 1 } });
    rig.set('ann', 1, 'online', ['h']);
    rig.set('bob', 2, 'online', ['h']);
    const { sink, watcher } = await rig.watching({ groups: ['g'] }, undefined, MINE);
    sink.onFrame = () => block(sink);
    await watcher.watch({ groups: ['h'] });
    expect(short(sink)).toEqual(['h:ann …']);
    rig.regroup('bob', ['g']);
    sink.onFrame = undefined;
    read(sink);
    watcher.drained();
    expect(short(sink)).toEqual(['h:', ':bob', 'members g +bob']);
  });

  // Watched by id no longer, they would seem to be for as long as they stay a member.
  it('are gone where they were out of sight for a moment and are watched by id', async () => {
    const rig = new Rig({ settings: { watchPolicy: 'groups' } });
    rig.set('ann', 1, 'online', ['g']);
    rig.set('bob', 2, 'online', ['g']);
    const mine = { ...MINE, sharedOnly: true };
    const { sink, watcher } = await rig.watching({ groups: ['g'], users: ['ann'] }, undefined, mine);
    rig.regroup('bob', []);
    expect(short(sink)).toEqual(['members g -bob', 'gone bob']);
    rig.regroup('ann', []);
    rig.regroup('ann', ['g']);
    expect(short(sink)).toEqual(['members g -ann', 'gone ann', ':ann']);
    expect(watcher.watching.users.size).toBe(0);
    rig.time.advance(20);
    expect(short(sink)).toEqual(['members g +ann']);
  });

  it('are encoded once for all who are told the same', async () => {
    const rig = new Rig(unmerged);
    const watchers = await Promise.all([1, 2, 3].map(() => rig.watching({ groups: ['g'] }, undefined, MINE)));
    rig.event('ann', 2, 'online', { groups: ['g'] });
    const frames = watchers.map(({ sink }) => sink.raw[1]);
    expect(frames[0]?.toString()).toBe('{"type":"members","group":"g","joined":["ann"]}');
    expect(new Set(frames).size).toBe(1);
  });

  it('are gone before an answer shows them again, by id', async () => {
    const rig = new Rig(unmerged);
    rig.set('ann', 1, 'online', ['g']);
    const { sink, watcher } = await rig.watching({ groups: ['g'] }, undefined, MINE);
    block(sink);
    rig.regroup('ann', []);
    await watcher.watch({ users: ['ann'] });
    read(sink);
    watcher.drained();
    expect(short(sink)).toEqual(['members g -ann', 'gone ann', ':ann']);
  });

  // Held at version 7 they would stay what they were: nobody knows of anything newer.
  it('are gone first where they were forgotten before it was told that they left', async () => {
    const rig = new Rig(unmerged);
    rig.set('ann', 7, 'online', ['g']);
    const { sink, watcher } = await rig.watching({ groups: ['g'] }, undefined, MINE);
    block(sink);
    rig.regroup('ann', []);
    rig.store.truth.delete('ann');
    rig.command({ type: 'forget', ref: { tenant: 'acme', user: 'ann' }, at: 9 });
    rig.regroup('ann', ['g']);
    read(sink);
    watcher.drained();
    expect(short(sink)).toEqual(['members g -ann', 'gone ann', ':ann', 'members g +ann']);
  });

  it('are many to a frame, and never too many', async () => {
    const rig = new Rig({ ...unmerged, settings: { ...unmerged.settings, maxWatches: 5000 } });
    const { sink, watcher } = await rig.watching({ groups: ['g'] }, undefined, MINE);
    block(sink);
    for (let n = 0; n < 1200; n += 1) rig.regroup(`user-${n}`, ['g']);
    read(sink);
    watcher.drained();
    const joined = sink
      .takeFrames()
      .flatMap((frame) => (frame.type === 'members' ? [frame.joined?.length] : []));
    expect(joined).toEqual([500, 500, 200]);
  });

  it('join and leave no more where the group is unwatched', async () => {
    const rig = new Rig(unmerged);
    rig.set('ann', 1, 'online', ['g', 'h']);
    const { sink, watcher } = await rig.watching({ groups: ['g', 'h'] }, undefined, MINE);
    watcher.unwatch({ groups: ['g'] });
    rig.regroup('ann', ['h']);
    rig.regroup('ann', ['g', 'h']);
    expect(short(sink)).toEqual([]);
  });
});
