import { expect, it } from 'vitest';
import { EPOCH } from '../support/frozen-stores.ts';
import { describeBothStores, ref, TENANT } from './both-stores.ts';

const NOW_S = EPOCH / 1000;

/** A backend says who is in a group, beside the tokens of its users. */
describeBothStores((both) => {
  const sets = (user: string, ...groups: string[]) => both.store.people.regroup(ref(user), groups);
  const members = async (group: string) =>
    ((await both.store.groups.members(TENANT, group, 10)) ?? []).map(({ user }) => user).sort();
  const told = async () =>
    (await both.entries()).flatMap((entry) =>
      entry.kind === 'command' && entry.command.type === 'groups' ? [entry.command.view.groups] : [],
    );

  it('whoever left and never signs in again is a member no more, and watchers learn it', async () => {
    await both.opens('a.0', 'ann', { groups: ['g', 'h'], iat: NOW_S });
    await both.opens('a.0', 'ann', { count: 0 });
    expect(await members('g')).toEqual(['ann']);
    await sets('ann', 'h');
    expect([await members('g'), await members('h')]).toEqual([[], ['ann']]);
    expect((await told()).at(-1)).toEqual(['h']);
    await sets('never', 'g');
    expect(await members('g')).toEqual(['never']);
  });

  it('the newest word of token or call decides, in whatever order they arrive', async () => {
    await both.opens('a.0', 'ann', { groups: ['g'], iat: NOW_S });
    await sets('ann', 'h');
    // Issued before the call, or by a clock that is ahead.
    await both.opens('a.0', 'ann', { groups: ['g'], iat: NOW_S + 4 });
    expect([await members('g'), await members('h')]).toEqual([[], ['ann']]);
    await both.opens('a.0', 'ann', { groups: ['g'], iat: NOW_S + 6 });
    expect([await members('g'), await members('h')]).toEqual([['ann'], []]);
    // Above a token of the future, too.
    await sets('ann');
    await both.opens('a.0', 'ann', { groups: ['g'], iat: NOW_S + 6 });
    expect(await members('g')).toEqual([]);
  });

  it('is stamped as of now, however new the name of a user without groups is', async () => {
    await both.opens('a.0', 'ann', { name: 'Ann', iat: NOW_S + 60 });
    const { own } = await sets('ann', 'g');
    expect(own?.stamp).toBeLessThan(NOW_S + 6);
  });

  it('of two calls in one moment the later one counts', async () => {
    await sets('ann', 'g');
    await sets('ann', 'h');
    expect([await members('g'), await members('h')]).toEqual([[], ['ann']]);
  });

  it('somebody hidden is taken out as somebody gone, and knows it', async () => {
    await both.opens('a.0', 'hid', { groups: ['g'], iat: NOW_S });
    await both.store.people.claimOwn(ref('hid'), { status: 'invisible' });
    // What their token says waits; the call does not.
    await both.opens('a.0', 'hid', {
      groups: ['i'],
      iat: NOW_S + 1,
      claim: { status: 'invisible', stamp: 1 },
    });
    expect(await members('g')).toEqual(['hid']);
    await sets('hid', 'h');
    expect([await members('g'), await members('h'), await members('i')]).toEqual([[], ['hid'], []]);
    expect((await both.store.views.readSelf(ref('hid'))).own?.groups).toEqual(['h']);
    await both.store.people.claimOwn(ref('hid'), { status: null });
    expect((await both.view('hid')).groups).toEqual(['h']);
  });
});
