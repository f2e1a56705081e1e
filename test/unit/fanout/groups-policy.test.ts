import { describe, expect, it } from 'vitest';
import { Rig, settle } from './rig.ts';

const MINE = { everyone: false, groups: ['g', 'h'] };

describe('the policy that only people of one group see each other', () => {
  const policy = { settings: { watchPolicy: 'groups', fanoutWindowMs: 0 } } as const;
  const shared = { ...MINE, sharedOnly: true };

  it('refuses who shares none, strangers too, and registers nothing', async () => {
    const rig = new Rig(policy);
    rig.set('ann', 1, 'online', ['g']);
    rig.set('eve', 2, 'online', ['x']);
    const { sink, watcher } = rig.connect(undefined, shared);
    await expect(watcher.watch({ users: ['ann', 'eve'] })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(watcher.watch({ users: ['nobody'] })).rejects.toMatchObject({ code: 'forbidden' });
    expect(sink.takeFrames()).toEqual([]);
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0 });
    await watcher.watch({ users: ['ann', 'me'] });
    expect(sink.takeFrames()).toMatchObject([{ users: [{ user: 'ann' }, { user: 'me' }] }]);
  });

  // Their groups came with the event, while the read of a group made before it was under way.
  it('shows from what is known whom the node knew by an event first, when the store does not answer', async () => {
    const rig = new Rig(policy);
    rig.store.auto = false;
    rig.set('ann', 1, 'online', ['g']);
    const byGroup = rig.connect(undefined, shared).watcher.watch({ groups: ['g'] });
    await settle();
    rig.event('ann', 2, 'away', { groups: ['g'] });
    rig.store.open[0]?.answerOld();
    await settle();
    const { sink, watcher } = rig.connect(undefined, shared);
    const byId = watcher.watch({ users: ['ann'] });
    await settle();
    for (const call of [...rig.store.open]) call.fail();
    await expect(byId).resolves.toBeUndefined();
    await byGroup;
    expect(sink.take()).toEqual(['[ann@2]']);
  });

  it('refuses nobody as out of sight whose groups are not known', async () => {
    const rig = new Rig(policy);
    rig.store.auto = false;
    rig.set('ann', 1, 'online', ['g']);
    const byTenant = rig.connect().watcher.watch({ tenant: true });
    await settle();
    rig.store.open[0]?.answer();
    await settle();
    rig.regroup('ann', ['h']);
    rig.store.open[0]?.answerOld();
    await rig.answered([byTenant]);
    const byId = rig.connect(undefined, shared).watcher.watch({ users: ['ann'] });
    const refused = expect(byId).rejects.toMatchObject({ code: 'unavailable' });
    rig.store.open[0]?.fail();
    await refused;
  });

  it('takes away who shares none any more, before the news that says so', async () => {
    const rig = new Rig(policy);
    rig.set('ann', 1, 'online', ['g']);
    const { sink, watcher } = await rig.watching({ users: ['ann'] }, undefined, shared);
    rig.event('ann', 2, 'busy', { groups: ['x'] });
    expect(sink.takeFrames()).toEqual([{ type: 'gone', users: ['ann'] }]);
    expect(watcher.watching.users).toEqual(new Set());
  });

  it('takes away whom the own new groups hide', async () => {
    const rig = new Rig(policy);
    rig.set('ann', 1, 'online', ['g']);
    rig.set('bob', 2, 'online', ['h']);
    const { sink, watcher } = await rig.watching({ users: ['ann', 'bob'] }, undefined, shared);
    watcher.allow({ self: 'me', users: true, everyone: false, groups: ['h'], sharedOnly: true });
    expect(sink.takeFrames()).toEqual([{ type: 'gone', users: ['ann'] }]);
  });

  it('does not bind who may see the tenant', async () => {
    const rig = new Rig(policy);
    rig.set('eve', 2, 'online', ['x']);
    const { sink, watcher } = rig.connect(undefined, { ...shared, everyone: true });
    await watcher.watch({ users: ['eve'] });
    expect(sink.takeFrames()).toMatchObject([{ users: [{ user: 'eve' }] }]);
  });
});

describe('a forgotten user', () => {
  it('is gone for everybody who watched, by id, by group and by tenant', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    rig.set('ann', 1, 'online', ['g']);
    rig.set('bob', 2, 'online', ['g']);
    const byId = await rig.watching({ users: ['ann'] });
    const byGroup = await rig.watching({ groups: ['g'] }, undefined, MINE);
    const byTenant = await rig.watching({ tenant: true });
    rig.store.truth.delete('ann');
    rig.command({ type: 'forget', ref: { tenant: 'acme', user: 'ann' }, at: 5 });
    const gone = { type: 'gone', users: ['ann'] };
    for (const { sink } of [byId, byTenant]) expect(sink.takeFrames()).toEqual([gone]);
    expect(byGroup.sink.takeFrames()).toEqual([{ type: 'members', group: 'g', left: ['ann'] }, gone]);
    rig.event('ann', 9, 'online', { groups: ['g'] });
    expect(byId.sink.takeFrames()).toEqual([]);
    expect(byGroup.sink.takeFrames()).toMatchObject([
      { users: [{ user: 'ann', ver: 9 }] },
      { type: 'members', joined: ['ann'] },
    ]);
    expect(byTenant.sink.takeFrames()).toMatchObject([{ users: [{ user: 'ann', ver: 9 }] }]);
    for (const { watcher } of [byId, byGroup, byTenant]) watcher.close();
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
  });

  // The answer of the store was made before the forgetting, and comes after it: with everything of them in it.
  it('stays gone while a group is read, also for who watched them by id beforehand', async () => {
    const rig = new Rig({ settings: { fanoutWindowMs: 0 } });
    rig.set('ann', 1, 'online', ['g']);
    rig.set('bob', 2, 'online', ['g']);
    const byId = await rig.watching({ users: ['ann'] });
    rig.store.auto = false;
    const byGroup = rig.connect(undefined, MINE);
    const watching = byGroup.watcher.watch({ groups: ['g'] });
    await settle();
    rig.store.truth.delete('ann');
    rig.command({ type: 'forget', ref: { tenant: 'acme', user: 'ann' }, at: 5 });
    for (const call of [...rig.store.open]) call.answerOld();
    await rig.answered([watching]);
    expect(byId.sink.takeFrames()).toEqual([{ type: 'gone', users: ['ann'] }]);
    expect(byGroup.sink.takeFrames()).toMatchObject([{ snapshot: true, users: [{ user: 'bob' }] }]);
    for (const { watcher } of [byId, byGroup]) watcher.close();
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
  });
});
