import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApplyReply, Entry } from '../../../src/store/port/reports.ts';
import { FakeMember, gate, ok, selfView } from './fakes.ts';
import { freezeTime, pass, Rig, turn } from './rig.ts';

/** Name and groups come from tokens; they are long, so they are told when they change and not with every batch. */
describe('name and groups', () => {
  let rig: Rig;
  beforeEach(() => {
    freezeTime();
    rig = new Rig();
  });
  afterEach(() => {
    rig.stop();
    vi.useRealTimers();
  });
  const join = async (token: { name?: string; groups?: string[]; iat?: number }): Promise<FakeMember> => {
    const member = new FakeMember('ann', token);
    void rig.roster.join(member);
    await turn();
    return member;
  };
  const renew = (member: FakeMember, token: { name?: string; groups?: string[]; iat?: number }): void => {
    const { name: _, groups: __, iat: ___, ...rest } = member.principal;
    member.principal = { ...rest, ...token };
    rig.roster.renewed(member);
  };
  /** What the newest entry says, with the stamp of each. */
  const profile = (): Pick<Entry, 'name' | 'groups' | 'nameIat' | 'groupsIat'> => {
    const { name, groups, nameIat = -1, groupsIat = -1 } = rig.store.newest('ann') ?? {};
    return {
      ...(name !== undefined && { name, nameIat }),
      ...(groups !== undefined && { groups, groupsIat }),
    };
  };
  const retell = async (): Promise<void> => {
    const before = rig.store.applied.length;
    await join({});
    await pass(400);
    expect(rig.store.applied.length).toBeGreaterThan(before);
  };

  it('are told once', async () => {
    await join({ name: 'Ann', groups: ['eng'], iat: 10 });
    expect(profile()).toEqual({ name: 'Ann', nameIat: 10, groups: ['eng'], groupsIat: 10 });
    await retell();
    expect(profile()).toEqual({});
  });

  it('are told again when a renewal changes them', async () => {
    const ann = await join({ name: 'Ann', groups: ['eng'], iat: 10 });
    renew(ann, { groups: ['ops'], iat: 20 });
    await turn();
    expect(profile()).toEqual({ name: 'Ann', nameIat: 10, groups: ['ops'], groupsIat: 20 });
  });

  it('that were renewed while a batch was under way go with the next one', async () => {
    const first = gate<ApplyReply>();
    rig.store.onApply = () => first.promise;
    const ann = await join({ groups: ['eng'], iat: 10 });
    renew(ann, { groups: ['ops'], iat: 20 });
    rig.store.onApply = async () => ok();
    first.resolve(ok());
    await turn();
    expect(profile()).toEqual({ groups: ['ops'], groupsIat: 20 });
  });

  it('that were in a batch of unknown outcome go again', async () => {
    rig.store.onApply = async () => {
      throw new Error('away');
    };
    await join({ name: 'Ann', iat: 10 });
    rig.store.onApply = async () => ok();
    await pass(200);
    expect(rig.store.applied).toHaveLength(2);
    expect(profile()).toEqual({ name: 'Ann', nameIat: 10 });
  });

  it('are told again after a loss', async () => {
    await join({ name: 'Ann', groups: [], iat: 10 });
    rig.roster.reassert(0);
    await pass(400);
    expect(rig.store.applied).toHaveLength(2);
    expect(profile()).toEqual({ name: 'Ann', nameIat: 10, groups: [], groupsIat: 10 });
  });

  it('are told again when somebody comes back whom the store may have forgotten', async () => {
    const ann = await join({ name: 'Ann', iat: 10 });
    await pass(1000);
    rig.roster.leave(ann, 'lost');
    await pass(1000);
    await join({ name: 'Ann', iat: 10 });
    expect(profile()).toEqual({ name: 'Ann', nameIat: 10 });
  });

  /** Under one stamp for both, a name issued later would shut out the groups of any token before it. */
  it('have a stamp each: a newer token with a name alone keeps groups told later, and after a loss', async () => {
    await join({ name: 'Ann', iat: 20 });
    await join({ name: 'Old', groups: ['eng'], iat: 10 });
    expect(profile()).toEqual({ name: 'Ann', nameIat: 20, groups: ['eng'], groupsIat: 10 });
    rig.roster.reassert(0);
    await pass(400);
    expect(profile()).toEqual({ name: 'Ann', nameIat: 20, groups: ['eng'], groupsIat: 10 });
  });

  it('of a token without `iat` count only where nothing is held', async () => {
    await join({ groups: ['first'] });
    expect(profile()).toEqual({ groups: ['first'], groupsIat: 0 });
    await join({ groups: ['second'] });
    await join({ groups: ['eng'], iat: 1 });
    await join({ groups: ['third'] });
    await retell();
    rig.roster.reassert(0);
    await pass(400);
    expect(profile()).toEqual({ groups: ['eng'], groupsIat: 1 });
  });

  it('are told to all connections of the person at once, whichever token brought them', async () => {
    const old = await join({ groups: ['eng'], iat: 10 });
    const fresh = await join({ groups: ['ops'], iat: 20 });
    expect([old.told, fresh.told]).toEqual([
      [{ groups: ['ops'], stamp: 20 }],
      [{ groups: ['ops'], stamp: 20 }],
    ]);
    const late = await join({ groups: ['eng'], iat: 10 });
    expect(late.told).toEqual([{ groups: ['ops'], stamp: 20 }]);
  });

  /** What others see of somebody hidden are groups of before: their own sight must not go by those. */
  it('of the store reach the connections by what is true, never by what others see', async () => {
    const own = { groups: ['ops'], stamp: 20 };
    const told = selfView('ann', { groups: ['eng'], ver: 9 }, { invisible: true, own });
    rig.store.onApply = async () => ok({ selves: new Map([[0, told]]) });
    const ann = await join({ groups: ['eng'], iat: 10 });
    expect(ann.told).toEqual([own]);
    expect(rig.roster.selfOf({ tenant: 'acme', user: 'ann' })?.own).toEqual(own);
  });

  it('of an older token change nothing', async () => {
    await join({ groups: ['eng'], iat: 10 });
    await join({ groups: ['old'], iat: 9 });
    expect(rig.store.newest('ann')?.count).toBe(2);
    expect(profile()).toEqual({});
  });

  it('stay with the token they came from when a newer one says nothing of them', async () => {
    const ann = await join({ groups: ['eng'], iat: 10 });
    renew(ann, { iat: 20 });
    await turn();
    expect(profile()).toEqual({});
  });
});
