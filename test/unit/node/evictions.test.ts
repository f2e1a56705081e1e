import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { View } from '../../../src/domain/model.ts';
import type { Ending } from '../../../src/store/log-entry.ts';
import { FakeMember, ok, selfView, view } from './fakes.ts';
import { freezeTime, GRACE_MS, pass, Rig, turn } from './rig.ts';

const ann = { tenant: 'acme', user: 'ann' };

describe('connections that somebody ended', () => {
  let rig: Rig;
  beforeEach(async () => {
    freezeTime();
    await pass(5000);
    rig = new Rig();
  });
  afterEach(() => {
    rig.stop();
    vi.useRealTimers();
  });

  const join = async (user = 'ann', over: ConstructorParameters<typeof FakeMember>[1] = {}) => {
    const member = new FakeMember(user, over);
    member.onEvict = () => rig.roster.leave(member, 'goodbye');
    void rig.roster.join(member);
    await pass(500);
    return member;
  };
  /** The hybrid clock of the partition now, µs: see {@link Rig.beat}. */
  const clock = (): number => 1000 + Math.floor(performance.now() * 1000);
  const end = (type: Ending | 'forget', at = clock(), ref = ann): void =>
    rig.evictions.command({ type, ref, at });

  it.each(['logout', 'disconnect', 'revoke', 'forget'] as const)(
    'close by %s, of that user alone',
    async (how) => {
      const [one, two, other] = [await join(), await join(), await join('bob')];
      end(how);
      expect([one.evicted, two.evicted, other.evicted]).toEqual([[how], [how], []]);
      await pass(500);
      expect(rig.store.newest('ann')).toMatchObject({ count: 0, closedAgo: -1 });
    },
  );

  it('are those that had opened by then; who is left is told again, for the store to decide', async () => {
    const old = await join();
    const at = clock();
    await pass(1);
    const young = await join();
    const told = rig.store.applied.length;
    end('logout', at);
    expect([old.evicted, young.evicted]).toEqual([['logout'], []]);
    await turn();
    expect(rig.store.applied.length).toBe(told + 1);
    expect(rig.store.newest('ann')).toMatchObject({ count: 1 });
  });

  it('are told again when the store may have meant one that looked too young', async () => {
    const member = await join();
    const told = rig.store.applied.length;
    rig.store.onApply = async () => ok({ ended: new Map([[0, { how: 'logout', at: clock() }]]) });
    end('logout', 1);
    expect(member.evicted).toEqual([]);
    await turn();
    expect(rig.store.applied.length).toBeGreaterThan(told);
    expect(member.evicted).toEqual(['logout']);
  });

  it('that the store counted as none are only those it was told of', async () => {
    const old = await join();
    let young: FakeMember | undefined;
    rig.store.onApply = async () => {
      rig.store.onApply = async () => ok();
      await pass(1);
      young = new FakeMember('ann');
      void rig.roster.join(young);
      return ok({ ended: new Map([[0, { how: 'disconnect', at: clock() }]]) });
    };
    rig.roster.refused(ann, 0);
    await pass(100);
    expect([old.evicted, young?.evicted]).toEqual([['disconnect'], []]);
  });

  it('leave no grace behind', async () => {
    const member = await join();
    rig.roster.leave(member, 'lost');
    await pass(500);
    rig.roster.reassert(0);
    await pass(500);
    expect(rig.store.newest('ann')?.closedAgo).toBeGreaterThan(0);
    end('logout');
    // Nothing is kept for a loss of data that could bring the grace back.
    const told = rig.store.applied.length;
    rig.roster.reassert(0);
    await pass(GRACE_MS);
    expect(rig.store.applied.length).toBe(told);
  });

  it('only watched, and are closed all the same', async () => {
    const observer = new FakeMember('ann');
    const other = new FakeMember('bob');
    void rig.observers.add(observer);
    void rig.observers.add(other);
    await pass(1);
    end('disconnect');
    expect([observer.evicted, other.evicted]).toEqual([['disconnect'], []]);
  });

  it('of one kind of device are those alone, also where they only watch', async () => {
    const [desktop, mobile] = [
      await join('ann', { device: 'desktop' }),
      await join('ann', { device: 'mobile' }),
    ];
    const observer = new FakeMember('ann', { device: 'desktop' });
    void rig.observers.add(observer);
    await pass(1);
    const at = clock();
    await pass(1);
    const young = await join('ann', { device: 'desktop' });
    rig.evictions.command({ type: 'disconnect_device', ref: ann, at, device: 'desktop' });
    expect([desktop.evicted, observer.evicted]).toEqual([['disconnect'], ['disconnect']]);
    expect([mobile.evicted, young.evicted]).toEqual([[], []]);
    await pass(500);
    expect(rig.store.newest('ann')).toMatchObject({ count: 2, devices: ['desktop', 'mobile'] });
  });

  it('of one kind of device, as the store says, are not those that only watch', async () => {
    const member = await join();
    const observer = new FakeMember('ann', { device: 'mobile' });
    void rig.observers.add(observer);
    rig.store.onApply = async () => ok({ ended: new Map([[0, { how: 'disconnect_device', at: 0 }]]) });
    rig.roster.refused(ann, 0);
    await pass(100);
    expect([member.evicted, observer.evicted]).toEqual([['disconnect'], []]);
  });

  it('of one kind of device take their grace along, and no other', async () => {
    const [desktop, mobile] = [
      await join('ann', { device: 'desktop' }),
      await join('ann', { device: 'mobile' }),
    ];
    rig.roster.leave(desktop, 'lost');
    rig.roster.leave(mobile, 'lost');
    await pass(500);
    const disconnect = (device: 'desktop' | 'mobile') =>
      rig.evictions.command({ type: 'disconnect_device', ref: ann, at: clock(), device });
    const isTold = async () => {
      const told = rig.store.applied.length;
      rig.roster.reassert(0);
      await pass(100);
      return rig.store.applied.length > told;
    };
    disconnect('desktop');
    expect(await isTold()).toBe(true);
    disconnect('mobile');
    expect(await isTold()).toBe(false);
  });

  it('of a revocation are also those with an old token that opened later', async () => {
    const at = 2_000_000_000;
    end('revoke', at * 1_000_000);
    expect(rig.learnt).toEqual([['ann', at]]);
    const [old, none, fresh] = [
      await join('ann', { iat: at + 5 }),
      await join('ann'),
      await join('ann', { iat: at + 6 }),
    ];
    rig.evictions.refused(ann, at);
    expect([old.evicted, none.evicted, fresh.evicted]).toEqual([['revoke'], ['revoke'], []]);
  });

  it('are not those of a store that is told again of a revocation: a grace that began since goes on', async () => {
    const member = await join();
    rig.roster.leave(member, 'lost');
    await pass(500);
    const at = 1_000_000;
    rig.evictions.command({ type: 'refuse', ref: ann, at });
    expect(rig.learnt).toEqual([['ann', at]]);
    rig.roster.reassert(0);
    await pass(500);
    expect(rig.store.newest('ann')?.closedAgo).toBeGreaterThan(0);
  });

  it('with a revoked token make way for those with a good one, of whom the store is told then', async () => {
    const at = 1_000_000;
    const old = await join('ann', { iat: at });
    const fresh = new FakeMember('ann', { iat: at + 60 });
    const self = selfView('ann', { ver: 7 });
    rig.store.onApply = async ({ entries }) =>
      (entries[0]?.oldestIat ?? 0) <= at + 5
        ? ok({ revoked: new Map([[0, at]]) })
        : ok({ selves: new Map([[0, self]]) });
    const welcome = rig.roster.join(fresh);
    await pass(500);
    expect([old.evicted, fresh.evicted]).toEqual([['revoke'], []]);
    expect(rig.store.newest('ann')).toMatchObject({ count: 1, oldestIat: at + 60 });
    expect(await welcome).toEqual(self);
  });

  it('tell the store of the oldest token, none before all others', async () => {
    await join('ann', { iat: 50 });
    expect(rig.store.newest('ann')?.oldestIat).toBe(50);
    await join('ann', { iat: 40 });
    expect(rig.store.newest('ann')?.oldestIat).toBe(40);
    await join('ann');
    expect(rig.store.newest('ann')?.oldestIat).toBe(0);
  });

  it('of somebody forgotten leave nothing to assert: no view, no claim, no name', async () => {
    const known: View = view('ann', { ver: 9 });
    rig.store.onApply = async () => ok({ selves: new Map([[0, selfView('ann', known)]]) });
    await join('ann', { name: 'Ann', groups: ['g'], iat: 3 });
    void rig.roster.claim(ann, { status: 'busy' }).catch(() => undefined);
    await pass(500);
    const at = clock();
    await pass(1);
    rig.store.onApply = async () => ok();
    const later = await join('ann', { name: 'Anna', iat: 2 });
    end('forget', at);
    await pass(500);
    expect(later.evicted).toEqual([]);
    const newest = rig.store.newest('ann');
    expect(newest).toMatchObject({ count: 1, iat: 2 });
    for (const field of ['known', 'claim', 'groups'] as const) expect(newest?.[field]).toBeUndefined();
  });
});
