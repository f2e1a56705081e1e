import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OwnGroups } from '../../../src/domain/model.ts';
import type { ApplyReply, Entry } from '../../../src/store/port/reports.ts';
import { FakeMember, gate, ok, selfView } from './fakes.ts';
import { freezeTime, GRACE_MS, pass, Rig, TTL_MS, turn } from './rig.ts';

/** Connections by which nobody is present: the node tells what their tokens say, and of presence nothing. */
describe('connections that only watch', () => {
  let rig: Rig;
  beforeEach(() => {
    freezeTime();
    rig = new Rig();
  });
  afterEach(() => {
    rig.stop();
    vi.useRealTimers();
  });
  type Token = ConstructorParameters<typeof FakeMember>[1];
  const observe = async (token: Token = {}): Promise<FakeMember> => {
    const observer = new FakeMember('ann', token);
    void rig.observers.add(observer);
    await turn();
    return observer;
  };
  const join = async (token: Token = {}): Promise<FakeMember> => {
    const member = new FakeMember('ann', token);
    void rig.roster.join(member);
    await turn();
    return member;
  };
  const newest = (): Partial<Entry> => rig.store.newest('ann') ?? {};
  const entries = (): number => rig.store.applied.length;
  const ref = { tenant: 'acme', user: 'ann' };

  it('tell name and groups, that somebody watches, and of presence nothing', async () => {
    await observe({ name: 'Ann', groups: ['eng'], iat: 10 });
    expect(newest()).toMatchObject({
      ...{ count: 0, activeAgo: -1, openedAgo: -1, closedAgo: -1, devices: [], watchedAgo: 0 },
      ...{ name: 'Ann', nameIat: 10, groups: ['eng'], groupsIat: 10, oldestIat: 10 },
    });
    expect(rig.roster.users).toBe(0);
    await rig.roster.tend();
    expect(rig.roster.users).toBe(0);
  });

  it('are welcomed once the store answered, with the groups it knows', async () => {
    const first = gate<ApplyReply>();
    rig.store.onApply = () => first.promise;
    let own: OwnGroups | undefined;
    void rig.roster
      .observe(new FakeMember('ann', { groups: ['old'], iat: 5 }))
      .then((groups) => (own = groups));
    await turn();
    expect(own).toBeUndefined();
    const told = selfView('ann', { ver: 0 }, { own: { groups: ['eng'], stamp: 9 } });
    first.resolve(ok({ selves: new Map([[0, told]]) }));
    await turn();
    expect(own).toEqual({ groups: ['eng'], stamp: 9 });
  });

  it('do not wait for a store that does not answer', async () => {
    rig.storeAnswers = false;
    expect(await rig.observers.add(new FakeMember('ann', { groups: ['eng'], iat: 5 }))).toBeUndefined();
  });

  it('are told again after a loss while they are open, and after their user left; of what others saw nothing', async () => {
    await observe({ groups: ['eng'], iat: 10 });
    const view = { status: 'online' as const, ver: 9, since: 5 };
    rig.store.onApply = async () => ok({ selves: new Map([[0, selfView('ann', view)]]) });
    const member = await join({ name: 'Ann', groups: ['ops'], iat: 20 });
    rig.store.onApply = async () => ok();
    rig.roster.leave(member, 'lost');
    await pass(GRACE_MS + TTL_MS + 100, 100);
    rig.roster.tend();
    expect(rig.roster.users).toBe(0);
    rig.beat();
    const before = entries();
    rig.roster.reassert(0);
    await pass(50);
    expect(entries()).toBe(before + 1);
    expect(newest()).toMatchObject({ count: 0, openedAgo: -1, closedAgo: -1, name: 'Ann', groups: ['ops'] });
    expect(newest().known).toBeUndefined();
  });

  it('that close leave nothing to tell, and what was not told yet is not told', async () => {
    const observer = await observe({ groups: ['eng'], iat: 10 });
    rig.observers.remove(observer);
    const before = entries();
    rig.roster.reassert(0);
    await pass(50);
    expect(entries()).toBe(before);
    const other = new FakeMember('ann', { groups: ['ops'], iat: 11 });
    void rig.observers.add(other);
    rig.observers.remove(other);
    await pass(50);
    expect(entries()).toBe(before);
  });

  it('that close while they are told, of which nobody knows whether they were, do not stay', async () => {
    const first = gate<ApplyReply>();
    rig.store.onApply = () => first.promise;
    const observer = await observe({ groups: ['eng'], iat: 10 });
    rig.observers.remove(observer);
    rig.store.onApply = async () => ok();
    first.resolve(ok());
    await turn();
    const before = entries();
    rig.roster.reassert(0);
    await pass(50);
    expect(entries()).toBe(before);
  });

  it('wait for no member that left before it was told, and keep what they say', async () => {
    const member = new FakeMember('ann');
    const observer = new FakeMember('ann', { groups: ['eng'], iat: 10 });
    let isKnown = false;
    void rig.roster.join(member);
    void rig.observers.add(observer).then(() => (isKnown = true));
    rig.roster.leave(member, 'goodbye');
    await turn();
    expect(newest()).toMatchObject({ count: 0, openedAgo: -1, groups: ['eng'] });
    expect(isKnown).toBe(true);
  });

  it('are told of newer groups of their user, wherever these come from, and tell theirs', async () => {
    const observer = await observe({ groups: ['eng'], iat: 10 });
    const member = await join({ groups: ['ops'], iat: 20 });
    const newer = await observe({ groups: ['sec'], iat: 30 });
    rig.roster.command({ type: 'own', ref, own: { groups: ['law'], stamp: 40 } });
    const told = [
      { groups: ['ops'], stamp: 20 },
      { groups: ['sec'], stamp: 30 },
      { groups: ['law'], stamp: 40 },
    ];
    expect(observer.told).toEqual(told);
    expect(member.told).toEqual(told);
    expect(newer.told).toEqual(told.slice(1));
  });

  /** After a loss this node may be the first to speak: it says that they hide, or others would be told their groups. */
  it('of somebody hidden tell that they hide, and no other claim', async () => {
    await observe({ groups: ['eng'], iat: 10 });
    const retold = async (): Promise<Partial<Entry>> => {
      rig.roster.reassert(0);
      await pass(50);
      return newest();
    };
    rig.roster.command({ type: 'claim', ref, claim: { status: 'invisible', stamp: 7 } });
    expect((await retold()).claim).toEqual({ status: 'invisible', stamp: 7 });
    rig.roster.command({ type: 'claim', ref, claim: { status: 'busy', stamp: 8 } });
    expect((await retold()).claim).toBeUndefined();
    rig.roster.command({ type: 'claim', ref, claim: { status: 'invisible', stamp: 7 } });
    expect((await retold()).claim).toBeUndefined();
  });

  /** Else a revoked token would still bring somebody into a group, once it is gone. */
  it.each(['observe', 'join'] as const)(
    'or not: what a refused token said is told no more (%s)',
    async (how) => {
      rig.store.onApply = async () => {
        rig.store.onApply = async () => ok();
        return ok({ revoked: new Map([[0, 100]]) });
      };
      const one = how === 'observe' ? new FakeMember('ann', { groups: ['eng'], iat: 10 }) : undefined;
      const member = one ?? new FakeMember('ann', { groups: ['eng'], iat: 10 });
      member.onEvict = () => {
        if (one) rig.observers.remove(one);
        else rig.roster.leave(member, 'goodbye');
      };
      if (one) void rig.observers.add(one);
      else void rig.roster.join(member);
      await pass(500);
      expect(member.evicted).toEqual(['revoke']);
      const later = rig.store.applied.slice(1).flatMap(({ batch }) => batch.entries);
      expect(later.filter(({ groups }) => groups !== undefined)).toEqual([]);
    },
  );

  it('are told again after their user was forgotten, if they opened since', async () => {
    await observe({ name: 'Ann', groups: ['eng'], iat: 10 });
    await join({ name: 'Old', iat: 20 });
    rig.roster.forget(ref);
    await pass(50);
    expect(newest()).toMatchObject({ name: 'Old', groups: ['eng'] });
  });
});
