import { expect, it } from 'vitest';
import type { Entry } from '../../src/store/port/reports.ts';
import { EPOCH, POLICY } from '../support/frozen-stores.ts';
import { describeBothStores, ref, type Stored, type Subject, TENANT } from './both-stores.ts';

/** What the tokens of connections say by which nobody is present: name and groups count, and nothing else. */
describeBothStores((both: Subject) => {
  /** Somebody signs in who only watches. */
  const watches = (user: string, more: Partial<Entry>, node = 'w.0'): Promise<Stored[]> =>
    both.tell(node, {
      ...{ tenant: TENANT, user, count: 0, activeAgo: -1, idle: false, openedAgo: -1, closedAgo: -1 },
      ...{ graceMs: 0, devices: [], iat: 0, watchedAgo: 0, ...more },
    });
  const members = async (group: string): Promise<string[] | undefined> =>
    (await both.store.groups.members(TENANT, group, 100))?.map(({ user, name }) => `${user} ${name}`).sort();
  const groupCommands = async (): Promise<unknown[]> =>
    (await both.entries()).flatMap((entry) =>
      entry.kind === 'command' && entry.command.type === 'groups' ? [entry.command.view] : [],
    );

  it('change name and groups for everybody, and nothing else', async () => {
    await both.opens('a.0', 'ann', { groups: ['eng'], iat: 5, name: 'Ann', openedAgo: 100 });
    await both.opens('a.0', 'ann', { count: 0, openedAgo: 100, closedAgo: 0 });
    const before = await both.view('ann');
    const why = await both.store.views.explain(ref('ann'));
    await both.frozen.setTime(POLICY.graceMs - 1);
    const story = await both.story();
    await watches('ann', { groups: ['ops'], name: 'Anna', iat: 6 });
    expect(await both.view('ann')).toEqual({ ...before, name: 'Anna', groups: ['ops'] });
    expect(await groupCommands()).toMatchObject([{ user: 'ann', name: 'Anna', groups: ['ops'] }]);
    expect([await members('eng'), await members('ops')]).toEqual([[], ['ann Anna']]);
    expect(await both.story()).toEqual(story);
    const view = { ...before, name: 'Anna', groups: ['ops'] };
    expect(await both.store.views.explain(ref('ann'))).toEqual({ ...why, view, groups: ['ops'] });
    // The grace runs on as if nobody had signed in.
    await both.frozen.setTime(POLICY.graceMs);
    await both.sweepAll();
    expect(await both.story()).toEqual([...story, 'ann offline disconnect']);
  });

  it('of an older token, or of one without `iat` beside a held word, change nothing', async () => {
    await both.opens('a.0', 'ann', { groups: ['eng'], iat: 5, name: 'Ann' });
    await watches('ann', { groups: ['ops'], iat: 4 });
    await watches('ann', { groups: ['ops'], name: 'A.' });
    expect(await members('eng')).toEqual(['ann Ann']);
    expect(await members('ops')).toEqual([]);
  });

  it('of somebody nobody saw make a member who is offline, and age as of somebody who left then', async () => {
    await watches('bob', { groups: ['eng'], name: 'Bob' });
    expect(await both.view('bob')).toEqual({
      ...{ user: 'bob', status: 'offline', since: 0, ver: 0, devices: [], name: 'Bob', groups: ['eng'] },
    });
    expect(await both.store.groups.count(TENANT, 'eng')).toEqual({ present: 0, members: 1 });
    expect((await both.store.views.page(TENANT, 10)).users).toEqual([]);
    expect(await both.store.views.count(TENANT)).toEqual({ online: 0, away: 0, busy: 0 });
    await both.frozen.setTime(POLICY.retentionMs - 1);
    await both.sweepAll();
    expect(await members('eng')).toEqual(['bob Bob']);
    await watches('bob', { groups: ['eng'], name: 'Bob' });
    await both.frozen.setTime(2 * POLICY.retentionMs - 2);
    await both.sweepAll();
    expect(await members('eng')).toEqual(['bob Bob']);
    await both.frozen.setTime(2 * POLICY.retentionMs);
    await both.sweepAll();
    expect(await members('eng')).toEqual([]);
    expect(await both.view('bob')).toEqual({ user: 'bob', status: 'offline', since: 0, ver: 0, devices: [] });
    expect(await both.story()).toEqual([]);
  });

  it('outlive what others were told of when somebody was seen, which ends with its own retention', async () => {
    await both.opens('a.0', 'ann', { groups: ['eng'], iat: 5, name: 'Ann' });
    await both.opens('a.0', 'ann', { count: 0 });
    await both.frozen.setTime(POLICY.retentionMs / 2);
    await watches('ann', { groups: ['ops'], iat: 6 });
    await both.frozen.setTime(POLICY.retentionMs + 1);
    await both.sweepAll();
    expect(await both.view('ann')).toEqual({
      ...{ user: 'ann', status: 'offline', since: 0, ver: 0, devices: [], name: 'Ann', groups: ['ops'] },
    });
    await both.frozen.setTime(2 * POLICY.retentionMs);
    await both.sweepAll();
    expect(await members('ops')).toEqual([]);
  });

  /** Nothing that looks like a sign-in may tell that somebody is there. */
  it('of somebody hidden wait until they are seen, and are theirs at once', async () => {
    await both.opens('a.0', 'ann', { groups: ['eng'], iat: 5, name: 'Ann' });
    await both.store.people.claimOwn(ref('ann'), { status: 'invisible' });
    const hidden = await both.view('ann');
    const [reply] = await watches('ann', { groups: ['ops'], name: 'Anna', iat: 6, asks: true });
    expect([...(reply?.selves.values() ?? [])]).toMatchObject([{ own: { groups: ['ops'], stamp: 6 } }]);
    expect(await both.view('ann')).toEqual(hidden);
    expect(await groupCommands()).toEqual([]);
    const own = (await both.entries()).findLast((entry) => entry.kind === 'command');
    expect(own).toMatchObject({ command: { type: 'own', own: { groups: ['ops'] } } });
    await both.store.people.claimOwn(ref('ann'), { status: null });
    expect(await both.view('ann')).toMatchObject({ status: 'online', name: 'Anna', groups: ['ops'] });
  });

  /** After a loss the node where they only watch may be the first to speak. */
  it('that come with a claim that hides are not seen, also of somebody of whom nothing is stored', async () => {
    const claim = { status: 'invisible', stamp: EPOCH * 1000 } as const;
    await watches('ann', { groups: ['ops'], name: 'Anna', iat: 6, claim });
    expect(await both.view('ann')).toEqual({ user: 'ann', status: 'offline', since: 0, ver: 0, devices: [] });
    expect(await members('ops')).toEqual([]);
    expect(await both.store.views.readSelf(ref('ann'))).toMatchObject({
      invisible: true,
      own: { groups: ['ops'] },
    });
  });

  it('of connections from before a forgetting bring nothing back, and those of later ones count', async () => {
    await both.opens('a.0', 'ann', { groups: ['eng'], iat: 5, name: 'Ann' });
    await both.frozen.setTime(1000);
    await both.store.endings.forget(ref('ann'));
    await watches('ann', { groups: ['eng'], iat: 5, watchedAgo: 10 });
    expect(await members('eng')).toEqual([]);
    await both.frozen.setTime(1010);
    await watches('ann', { groups: ['ops'], iat: 5, name: 'Ann', watchedAgo: 5 });
    expect(await members('ops')).toEqual(['ann Ann']);
  });

  it('of a revoked token are not taken, and the node is told', async () => {
    await both.store.endings.revoke(ref('ann'));
    const [reply] = await watches('ann', { groups: ['eng'], iat: EPOCH / 1000 - 1 });
    expect([...(reply?.revoked?.keys() ?? [])]).toEqual([0]);
    expect(await members('eng')).toEqual([]);
    await watches('ann', { groups: ['eng'], iat: EPOCH / 1000 + 100 });
    expect(await members('eng')).toEqual(['ann undefined']);
  });

  it('which are none leave nothing behind of somebody nobody knows', async () => {
    const [reply] = await watches('nobody', { asks: true });
    expect([...(reply?.selves.values() ?? [])]).toMatchObject([{ view: { ver: 0 }, invisible: false }]);
    expect(await both.sweepAll()).toBe(0);
    expect(await both.entries()).toEqual([]);
  });

  it('are told to the nodes where the person is, whoever holds them', async () => {
    await both.opens('a.0', 'ann', { groups: ['eng'], iat: 5 });
    await watches('ann', { groups: ['ops'], iat: 6 });
    // Where they only watch, no row tells; who was heard of before may be watching anywhere.
    await both.opens('a.0', 'ann', { count: 0 });
    await both.opens('a.0', 'ann', { groups: ['sec'], iat: 7 });
    const owns = (await both.entries()).flatMap((entry) =>
      entry.kind === 'command' && entry.command.type === 'own' ? [entry.command.own] : [],
    );
    expect(owns).toEqual([
      { groups: ['ops'], stamp: 6 },
      { groups: ['sec'], stamp: 7 },
    ]);
  });
});
