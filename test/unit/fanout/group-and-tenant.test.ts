import { describe, expect, it } from 'vitest';
import { Rig } from './rig.ts';

const unmerged = { settings: { fanoutWindowMs: 0 } } as const;
const MINE = { groups: ['g'] };

/** The stream of a tenant carries transitions. That an offline person is new in a group is no transition. */
describe('an offline member who joins a group', () => {
  it('is shown to those who watch the group, and told nobody who watches the tenant alone', async () => {
    const rig = new Rig(unmerged);
    rig.set('bob', 2, 'online');
    const ofTenant = await rig.watching({ tenant: true });
    const ofGroup = await rig.watching({ groups: ['g'] }, undefined, MINE);
    rig.event('bob', 3, 'offline');
    expect(ofTenant.sink.take()).toEqual(['bob@3']);
    rig.regroup('bob', ['g']);
    expect(ofGroup.sink.take()).toEqual(['bob@3', 'members']);
    expect(ofTenant.sink.take()).toEqual([]);
  });

  it('is shown to who watches both and did not see them as one of the tenant', async () => {
    const rig = new Rig(unmerged);
    rig.set('bob', 3, 'offline');
    const both = await rig.watching({ tenant: true, groups: ['g'] }, undefined, MINE);
    rig.regroup('bob', ['g']);
    expect(both.sink.take()).toEqual(['bob@3', 'members']);
    rig.event('bob', 4, 'online', { groups: ['g'] });
    expect(both.sink.take()).toEqual(['bob@4']);
  });

  // The node has their view already, so nothing of it is news to the cache; to this connection it is.
  it('is shown to who watches both, also when somebody else watches them by id', async () => {
    const rig = new Rig(unmerged);
    rig.set('bob', 3, 'offline');
    await rig.watching({ users: ['bob'] });
    const both = await rig.watching({ tenant: true, groups: ['g'] }, undefined, MINE);
    rig.regroup('bob', ['g']);
    expect(both.sink.take()).toEqual(['bob@3', 'members']);
  });

  it('is shown to who watches both when the feed lost that they joined', async () => {
    const rig = new Rig(unmerged);
    rig.set('bob', 3, 'offline');
    await rig.watching({ users: ['bob'] });
    const both = await rig.watching({ tenant: true, groups: ['g'] }, undefined, MINE);
    rig.set('bob', 3, 'offline', ['g']);
    rig.time.advance(5000);
    await rig.watching({ groups: ['g'] }, undefined, MINE);
    expect(both.sink.take()).toEqual(['bob@3', 'members']);
  });

  it('is not shown again to who saw them go offline as one of the tenant', async () => {
    const rig = new Rig(unmerged);
    rig.set('bob', 2, 'online');
    await rig.watching({ users: ['bob'] });
    const both = await rig.watching({ tenant: true, groups: ['g'] }, undefined, MINE);
    rig.event('bob', 3, 'offline');
    expect(both.sink.take()).toEqual(['bob@3']);
    rig.regroup('bob', ['g']);
    expect(both.sink.take()).toEqual(['members']);
  });

  it('is shown to who watches both when their socket is read again', async () => {
    const rig = new Rig(unmerged);
    rig.set('bob', 3, 'offline');
    const { sink, watcher } = await rig.watching({ tenant: true, groups: ['g'] }, undefined, MINE);
    sink.blocked = true;
    sink.buffered = 1_000_000;
    rig.regroup('bob', ['g']);
    expect(sink.take()).toEqual([]);
    sink.blocked = false;
    sink.buffered = 0;
    watcher.drained();
    expect(sink.take()).toEqual(['bob@3', 'members']);
  });

  // Forgotten and known again: what was told of them before says nothing of now.
  it('is shown to who watches both when they were forgotten in between', async () => {
    const rig = new Rig(unmerged);
    rig.set('bob', 2, 'online');
    const both = await rig.watching({ tenant: true, groups: ['g'] }, undefined, MINE);
    rig.store.auto = false;
    const byId = rig.connect().watcher.watch({ users: ['bob'] });
    rig.event('bob', 3, 'offline');
    rig.store.truth.delete('bob');
    rig.command({ type: 'forget', ref: { tenant: 'acme', user: 'bob' }, at: 5 });
    await rig.answered([byId]);
    rig.store.auto = true;
    expect(both.sink.take()).toEqual(['bob@3', 'gone']);
    rig.regroup('bob', ['g']);
    expect(both.sink.take()).toEqual(['bob@0', 'members']);
  });
});
