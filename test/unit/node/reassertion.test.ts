import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeMember, ok, selfView, view } from './fakes.ts';
import { freezeTime, GRACE_MS, pass, Rig, turn } from './rig.ts';

const ref = (user: string) => ({ tenant: 'acme', user });

describe('telling the store again what it lost', () => {
  let rig: Rig;
  beforeEach(() => {
    freezeTime();
    rig = new Rig(2);
    rig.store.onApply = async ({ entries }) =>
      ok({ selves: new Map(entries.map(({ user }, i) => [i, selfView(user, { ver: 5 })])) });
  });
  afterEach(() => {
    rig.stop();
    vi.useRealTimers();
  });
  const join = async (...users: string[]): Promise<FakeMember[]> => {
    const members = users.map((user) => new FakeMember(user));
    for (const member of members) void rig.roster.join(member);
    await turn();
    return members;
  };
  /** Users and counts told after this point, whatever the batch. */
  const toldAfter = async (act: () => void): Promise<string[]> => {
    const before = rig.store.applied.length;
    act();
    await pass(800);
    return rig.store.told.slice(before).flat();
  };

  it('covers everybody held in that partition, and those whose grace may still run', async () => {
    // Of these names those that end in an even letter live in partition 0.
    const [, , af] = await join('ab', 'ad', 'af', 'ac');
    await pass(1000);
    if (af) rig.roster.leave(af, 'lost');
    await pass(1000);
    expect(await toldAfter(() => rig.roster.reassert(0))).toEqual(['ab 1', 'ad 1', 'af 0']);
    expect(rig.store.newest('af')).toMatchObject({ graceMs: GRACE_MS, known: view('af', { ver: 5 }) });
  });

  it('carries the newest view this node has seen, whoever made it', async () => {
    await join('ab');
    rig.roster.transition({
      ...view('ab', { ver: 8, status: 'busy' }),
      tenant: 'acme',
      previous: 'online',
      reason: 'claim',
    });
    rig.roster.transition({ ...view('ab', { ver: 7 }), tenant: 'acme', previous: 'busy', reason: 'claim' });
    await toldAfter(() => rig.roster.reassert(0));
    expect(rig.store.newest('ab')?.known).toEqual(view('ab', { ver: 8, status: 'busy' }));
  });

  /** Their node may be out of reach when they move here after a loss: who watches them is the last to know their view. */
  it('carries what a watcher here was last shown of whoever is taken in, and asks what the store holds', async () => {
    const shown = view('ab', { ver: 4 });
    rig.knownViews.add(({ user }) => (user === 'ab' ? view('ab', { ver: 3 }) : undefined));
    rig.knownViews.add(({ user }) => (user === 'ab' ? shown : undefined));
    await join('ab', 'ad');
    expect(rig.store.newest('ab')).toMatchObject({ known: shown, asks: true });
    expect(rig.store.newest('ad')?.known).toBeUndefined();
    // What the store said counts from then on.
    await toldAfter(() => rig.roster.reassert(0));
    expect(rig.store.newest('ab')).toMatchObject({ known: view('ab', { ver: 5 }) });
    expect(rig.store.newest('ab')?.asks).toBeUndefined();
  });

  it('forgets what watchers were shown with the user', async () => {
    rig.knownViews.add(() => view('ab', { ver: 4 }));
    rig.store.onApply = async () => ok();
    await join('ab');
    await toldAfter(() => rig.roster.forget(ref('ab')));
    expect(rig.store.newest('ab')?.known).toBeUndefined();
  });

  /** A node that slept does not know whose sockets died meanwhile: they are open all the same. */
  it('after it was taken for dead, counts only those who show that they are there', async () => {
    const [there, gone, alone] = await join('ab', 'ab', 'ad');
    for (const member of [there, gone, alone]) if (member) member.silent = true;
    expect(await toldAfter(() => rig.roster.rejoin(0))).toEqual([]);
    expect(await toldAfter(() => there?.answer?.())).toEqual(['ab 1']);
    // What is told for other reasons does not bring the others back.
    expect(await toldAfter(() => rig.roster.refused(ref('ad'), 0))).toEqual(['ad 0']);
    // Who never answers has had a grace, and a late answer is one.
    expect(await toldAfter(() => gone && rig.roster.leave(gone, 'lost'))).toEqual(['ab 1']);
    expect(rig.store.newest('ab')).toMatchObject({ closedAgo: -1 });
    expect(await toldAfter(() => alone?.answer?.())).toEqual(['ad 1']);
    expect(await toldAfter(() => alone && rig.roster.leave(alone, 'lost'))).toEqual(['ad 0']);
    expect(rig.store.newest('ad')?.closedAgo).toBeGreaterThanOrEqual(0);
  });

  /** They came while the node was cut off, back from another one, and their grace there runs still. */
  it('ends no grace by the opening of somebody who has not shown that they are there', async () => {
    const [here] = await join('ab');
    if (here) here.silent = true;
    await toldAfter(() => rig.roster.rejoin(0));
    await toldAfter(() => rig.roster.refused(ref('ab'), 0));
    expect(rig.store.newest('ab')).toMatchObject({ count: 0, openedAgo: -1 });
    await toldAfter(() => here?.answer?.());
    expect(rig.store.newest('ab')).toMatchObject({ count: 1 });
    expect(rig.store.newest('ab')?.openedAgo).toBeGreaterThanOrEqual(0);
  });

  it('says nothing of a view where there is none', async () => {
    rig.store.onApply = async () => ok();
    await join('ab');
    await toldAfter(() => rig.roster.reassert(0));
    expect(rig.store.newest('ab')?.known).toBeUndefined();
  });

  it('takes back whom the store lists and nobody holds, once, and then forgets them', async () => {
    await join('ab');
    expect(await toldAfter(() => rig.roster.takeBack([ref('ab'), ref('ghost')]))).toEqual(['ghost 0']);
    expect(rig.store.newest('ghost')).toMatchObject({ openedAgo: -1, closedAgo: -1 });
    expect(rig.roster.users).toBe(1);
    expect(await toldAfter(() => rig.roster.reassert(0))).toEqual(['ab 1']);
  });

  it('takes back somebody listed who came and went before anything was told', async () => {
    rig.beat(0, { gen: 'g2' });
    await pass(6000);
    const ab = new FakeMember('ab');
    void rig.roster.join(ab);
    rig.roster.takeBack([ref('ab')]);
    rig.roster.leave(ab, 'lost');
    expect(await toldAfter(() => rig.beat(0))).toEqual(['ab 0']);
  });
});
