import { expect, it } from 'vitest';
import type { Page } from '../../src/store/port/views.ts';
import { describeBothStores, ODD_IDS, ref, type Subject, TENANT } from './both-stores.ts';

describeBothStores((both: Subject) => {
  const commands = async (): Promise<string[]> =>
    (await both.entries()).flatMap((entry) =>
      entry.kind === 'command' && entry.command.type === 'groups'
        ? [`${entry.command.view.user} ${entry.command.view.groups?.join('+')}`]
        : [],
    );
  const members = async (group: string): Promise<string[] | undefined> =>
    (await both.store.groups.members(TENANT, group, 100))?.map(({ user }) => user).sort();
  const walk = async (group: string, limit: number): Promise<Page[]> => {
    const pages: Page[] = [];
    let cursor: string | undefined;
    do {
      const page: Page = await both.store.groups.page(TENANT, group, limit, cursor);
      pages.push(page);
      ({ cursor } = page);
    } while (cursor !== undefined && pages.length < 100);
    return pages;
  };

  it('knows the members of a group from their tokens, there or not', async () => {
    await both.opens('a.0', 'ann', { groups: ['eng', 'ops'], iat: 5 });
    await both.opens('a.0', 'bob', { groups: ['eng'], iat: 5 });
    await both.opens('a.0', 'bob', { count: 0 });
    expect(await members('eng')).toEqual(['ann', 'bob']);
    expect(await members('ops')).toEqual(['ann']);
    expect(await members('nobody')).toEqual([]);
    expect(await both.store.groups.count(TENANT, 'eng')).toEqual({ present: 1, members: 2 });
    expect(await both.store.groups.count('other', 'eng')).toEqual({ present: 0, members: 0 });
    expect((await both.view('ann')).groups).toEqual(['eng', 'ops']);
    expect(await both.store.groups.members(TENANT, 'eng', 1)).toBeUndefined();
    expect(await both.store.groups.members(TENANT, 'eng', 2)).toHaveLength(2);
  });

  it('keeps groups apart whatever they and their members are called', async () => {
    for (const [i, id] of ODD_IDS.entries()) {
      await both.opens('a.0', id, { groups: [id, ODD_IDS[i + 1] ?? 'last'], iat: 1 });
    }
    for (const [i, id] of ODD_IDS.entries()) {
      expect(await members(id)).toEqual([id, ...ODD_IDS.slice(Math.max(0, i - 1), i)].sort());
    }
  });

  it('takes groups from the newest token; one without the claim changes nothing', async () => {
    await both.opens('a.0', 'ann', { groups: ['eng'], iat: 5.5 });
    await both.opens('b.0', 'ann', { groups: ['old'], iat: 5.25 });
    expect(await members('eng')).toEqual(['ann']);
    await both.opens('b.0', 'ann', { iat: 9 });
    expect(await members('eng')).toEqual(['ann']);
    await both.opens('b.0', 'ann', { groups: [], iat: 9 });
    expect(await members('eng')).toEqual([]);
    expect((await both.view('ann')).groups).toEqual([]);
    expect(await members('old')).toEqual([]);
  });

  it('says a change of groups in the transition it comes with, else in a command with the view', async () => {
    await both.opens('a.0', 'ann', { groups: ['eng'], iat: 5, name: 'Ann' });
    expect(await commands()).toEqual([]);
    const [opened] = await both.entries();
    expect(opened).toMatchObject({ kind: 'transition', transition: { groups: ['eng'] } });
    const { ver } = await both.view('ann');
    await both.opens('a.0', 'ann', { groups: ['eng', 'ops'], iat: 6 });
    await both.opens('a.0', 'ann', { groups: ['ops', 'eng'], iat: 7 });
    expect(await commands()).toEqual(['ann eng+ops']);
    const told = (await both.entries()).findLast(
      (entry) => entry.kind === 'command' && entry.command.type === 'groups',
    );
    const view = { user: 'ann', status: 'online', ver, name: 'Ann', devices: ['web'] };
    expect(told).toMatchObject({ kind: 'command', command: { type: 'groups', ref: ref('ann'), view } });
    expect(told?.id).toBeGreaterThan(ver);
  });

  /** Under one stamp a token with a name alone would shut out the groups of any older one, in this order only. */
  it('takes name and groups each from the newest token that says them, in any order', async () => {
    await both.opens('a.0', 'ann', { name: 'Ann', iat: 9 });
    const [reply] = await both.opens('b.0', 'ann', { name: 'Old', groups: ['eng'], iat: 5 });
    expect(await both.view('ann')).toMatchObject({ name: 'Ann', groups: ['eng'] });
    expect([...(reply?.selves.values() ?? [])]).toMatchObject([{ own: { groups: ['eng'], stamp: 5 } }]);
    await both.opens('a.0', 'ann', { groups: ['older'], iat: 4.5 });
    expect(await members('eng')).toEqual(['ann']);
    const known = await both.view('ann');
    const [late] = await both.opens('a.0', 'ann', { groups: ['older'], iat: 4.5, known });
    expect([...(late?.selves.values() ?? [])]).toMatchObject([{ own: { groups: ['eng'], stamp: 5 } }]);
  });

  it('takes the word of a token without `iat` only where none is held', async () => {
    await both.opens('a.0', 'ann', { groups: ['eng'] });
    await both.opens('a.0', 'ann', { groups: ['ops'] });
    expect(await members('eng')).toEqual(['ann']);
    await both.opens('a.0', 'ann', { groups: ['ops'], iat: 1 });
    await both.opens('a.0', 'ann', { groups: ['eng'] });
    expect([await members('eng'), await members('ops')]).toEqual([[], ['ann']]);
  });

  /** Who was taken out of a group may not go on watching it by staying invisible. */
  it('tells the hidden themselves, on every node, which groups they are in by now, and nobody else', async () => {
    await both.opens('a.0', 'ann', { groups: ['eng'], iat: 5 });
    await both.store.people.claimOwn(ref('ann'), { status: 'invisible' });
    await both.opens('b.0', 'ann', { groups: ['ops'], iat: 6 });
    const own = { groups: ['ops'], stamp: 6 };
    expect(await both.store.views.readSelf(ref('ann'))).toMatchObject({ view: { groups: ['eng'] }, own });
    expect((await both.entries()).at(-1)).toMatchObject({ command: { type: 'own', ref: ref('ann'), own } });
    await both.store.people.touch(ref('ann'), { groups: ['sec'], iat: 7 });
    expect((await both.entries()).at(-1)).toMatchObject({
      command: { type: 'own', own: { groups: ['sec'], stamp: 7 } },
    });
    expect([await members('eng'), await members('ops'), await members('sec')]).toEqual([['ann'], [], []]);
  });

  /** Whoever is offline joins no group; so nobody may who only looks offline. */
  it('lets name and groups of the invisible wait until they are seen again', async () => {
    await both.opens('a.0', 'ann', { groups: ['eng'], iat: 5, name: 'Ann' });
    await both.store.people.claimOwn(ref('ann'), { status: 'invisible' });
    const hidden = await both.view('ann');
    await both.opens('a.0', 'ann', { groups: ['ops'], iat: 6 });
    await both.opens('b.0', 'ann', { name: 'Anna', iat: 7 });
    expect(await both.view('ann')).toEqual(hidden);
    expect([await members('eng'), await members('ops')]).toEqual([['ann'], []]);
    // Still not seen: nobody is there when the claim is cleared.
    await both.opens('a.0', 'ann', { count: 0 });
    await both.opens('b.0', 'ann', { count: 0 });
    await both.store.people.claimOwn(ref('ann'), { status: null });
    expect(await both.view('ann')).toEqual(hidden);
    expect(await commands()).toEqual([]);
    await both.opens('a.0', 'ann');
    expect(await both.view('ann')).toMatchObject({ status: 'online', name: 'Anna', groups: ['ops'] });
    expect([await members('eng'), await members('ops')]).toEqual([[], ['ann']]);
    expect((await both.entries()).at(-1)).toMatchObject({ transition: { name: 'Anna', groups: ['ops'] } });
  });

  it('never shows the name or groups of somebody who was invisible from the first', async () => {
    await both.store.people.claimOwn(ref('ann'), { status: 'invisible' });
    await both.opens('a.0', 'ann', { groups: ['eng'], iat: 5, name: 'Ann' });
    expect(await both.view('ann')).toEqual({ user: 'ann', status: 'offline', since: 0, ver: 0, devices: [] });
    expect(await members('eng')).toEqual([]);
    expect(await both.story()).toEqual([]);
    expect(await commands()).toEqual([]);
  });

  it('pages over those who are there, each once, however small the pages', async () => {
    const users = Array.from({ length: 23 }, (_, i) => `user-${i}`);
    await both.tell(
      'a.0',
      ...users.map((user, i) => ({
        ...{ tenant: TENANT, user, count: i % 5 === 0 ? 0 : 1, activeAgo: 0, idle: false, openedAgo: 0 },
        ...{ closedAgo: -1, graceMs: 0, devices: ['web' as const], groups: ['eng'], iat: 1 },
      })),
    );
    const present = users.filter((_, i) => i % 5 !== 0).sort();
    for (const limit of [1, 4, 18, 100]) {
      const pages = await walk('eng', limit);
      const seen = pages.flatMap((page) => page.users.map(({ user }) => user));
      expect([...seen].sort()).toEqual(present);
      expect(pages.every((page) => page.users.length <= limit)).toBe(true);
    }
    expect(await walk('nobody', 5)).toEqual([{ users: [] }]);
    await expect(both.store.groups.page(TENANT, 'eng', 5, 'nonsense')).rejects.toMatchObject({
      code: 'invalid_cursor',
    });
    expect(await both.store.groups.count(TENANT, 'eng')).toEqual({ present: present.length, members: 23 });
  });

  it('forgets the groups of whoever is forgotten', async () => {
    await both.opens('a.0', 'ann', { groups: ['eng'], iat: 5 });
    await both.opens('a.0', 'ann', { count: 0 });
    await both.frozen.setTime(100_000);
    await both.sweepAll();
    expect(await members('eng')).toEqual([]);
    expect(await both.store.groups.count(TENANT, 'eng')).toEqual({ present: 0, members: 0 });
  });
});
