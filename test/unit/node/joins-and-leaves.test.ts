import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApplyReply } from '../../../src/store/port/reports.ts';
import { FakeMember, gate, ok, selfView } from './fakes.ts';
import { DRAIN_GRACE_MS, freezeTime, GRACE_MS, pass, Rig, TTL_MS, turn } from './rig.ts';

const ANN = { tenant: 'acme', user: 'ann' };

describe('who joins and leaves a node', () => {
  let rig: Rig;
  let beats: NodeJS.Timeout;
  beforeEach(() => {
    freezeTime();
    rig = new Rig();
    beats = setInterval(() => {
      rig.beat();
      rig.roster.tend();
    }, 1000);
  });
  afterEach(() => {
    clearInterval(beats);
    rig.stop();
    vi.useRealTimers();
  });

  /** Joins and waits until the store has it. */
  const joined = async (
    user = 'ann',
    over: ConstructorParameters<typeof FakeMember>[1] = {},
  ): Promise<FakeMember> => {
    const member = new FakeMember(user, over);
    void rig.roster.join(member);
    await pass(1);
    return member;
  };

  describe('a welcome', () => {
    it('comes once the store has the connection, with what others see', async () => {
      const self = selfView('ann', { status: 'busy', ver: 7 });
      const first = gate<ApplyReply>();
      rig.store.onApply = () => first.promise;
      let told: unknown = 'nothing';
      void rig.roster.join(new FakeMember('ann')).then((known) => {
        told = known;
      });
      await pass(500);
      expect(told).toBe('nothing');
      first.resolve(ok({ selves: new Map([[0, self]]) }));
      await turn();
      expect(told).toEqual(self);
    });

    it('of a second connection says what the first one learnt', async () => {
      const self = selfView('ann', { ver: 7 });
      rig.store.onApply = async () => ok({ selves: new Map([[0, self]]) });
      await joined();
      rig.store.onApply = async () => ok();
      expect(await rig.roster.join(new FakeMember('ann'))).toEqual(self);
    });

    it('comes without it after a second', async () => {
      rig.store.onApply = () => gate<ApplyReply>().promise;
      const welcome = vi.fn();
      void rig.roster.join(new FakeMember('ann')).then(welcome);
      await pass(990);
      expect(welcome).not.toHaveBeenCalled();
      await pass(20);
      expect(welcome).toHaveBeenCalledWith(undefined);
    });

    it('does not wait for a store that does not answer; the connection is told all the same', async () => {
      rig.storeAnswers = false;
      expect(await rig.roster.join(new FakeMember('ann'))).toBeUndefined();
      await turn();
      expect(rig.store.told).toEqual([['ann 1']]);
    });

    it('is given to everybody who waits when the node stops', async () => {
      rig.store.onApply = () => gate<ApplyReply>().promise;
      const welcome = rig.roster.join(new FakeMember('ann'));
      await turn();
      rig.stop();
      expect(await welcome).toBeUndefined();
      expect(await rig.roster.join(new FakeMember('bob'))).toBeUndefined();
    });
  });

  describe('a connection that ends', () => {
    it('without a goodbye has a grace, from the moment it closed', async () => {
      const ann = await joined();
      await pass(100);
      rig.roster.leave(ann, 'lost');
      await turn();
      expect(rig.store.newest('ann')).toMatchObject({
        count: 0,
        openedAgo: 101,
        closedAgo: 0,
        graceMs: GRACE_MS,
      });
    });

    it('in a drain has a longer one', async () => {
      rig.roster.leave(await joined(), 'drain');
      await turn();
      expect(rig.store.newest('ann')?.graceMs).toBe(DRAIN_GRACE_MS);
    });

    it('with a goodbye has none', async () => {
      rig.roster.leave(await joined(), 'goodbye');
      await turn();
      expect(rig.store.newest('ann')).toMatchObject({ count: 0, closedAgo: -1 });
    });

    it('with a goodbye leaves the grace of another one alone', async () => {
      const [one, two] = [await joined(), await joined()];
      rig.roster.leave(one, 'lost');
      await pass(100);
      rig.roster.leave(two, 'goodbye');
      await turn();
      expect(rig.store.newest('ann')).toMatchObject({ count: 0, closedAgo: 100, graceMs: GRACE_MS });
    });

    /** Told again, the old close would be the reason for what the goodbye does: `disconnect`, of a grace long over. */
    it('with a goodbye long after another one closed does not speak of that close again', async () => {
      const [one, two] = [await joined(), await joined()];
      rig.roster.leave(one, 'lost');
      await pass(GRACE_MS + 100, 100);
      rig.beat();
      rig.roster.leave(two, 'goodbye');
      await pass(10);
      expect(rig.store.newest('ann')).toMatchObject({ count: 0, closedAgo: -1 });
    });

    it('is told however late, when the store has not heard of it in its grace', async () => {
      const ann = await joined();
      rig.store.onApply = async () => {
        throw new Error('away');
      };
      rig.roster.leave(ann, 'lost');
      await pass(GRACE_MS + 5000, 100);
      rig.store.onApply = async () => ok();
      rig.beat();
      await pass(1100, 100);
      expect(rig.store.newest('ann')?.count).toBe(0);
      expect(rig.store.newest('ann')?.closedAgo).toBeGreaterThan(GRACE_MS);
    });

    it('is one of several: the others count on', async () => {
      const phone = await joined('ann', { device: 'mobile' });
      await joined();
      expect(rig.store.newest('ann')).toMatchObject({ count: 2, devices: ['web', 'mobile'] });
      rig.roster.leave(phone, 'lost');
      await turn();
      expect(rig.store.newest('ann')).toMatchObject({ count: 1, devices: ['web'] });
      expect(rig.roster.membersOf(ANN)).toHaveLength(1);
    });

    it('before the store ever heard of it is never told', async () => {
      const ann = new FakeMember('ann');
      void rig.roster.join(ann);
      rig.roster.leave(ann, 'lost');
      await pass(1000);
      expect(rig.store.applied).toHaveLength(0);
      expect(rig.roster.users).toBe(0);
    });

    it('while the batch that opened it is under way is told after it', async () => {
      const first = gate<ApplyReply>();
      rig.store.onApply = () => first.promise;
      const ann = await joined();
      rig.roster.leave(ann, 'goodbye');
      rig.store.onApply = async () => ok();
      first.resolve(ok());
      await pass(10);
      expect(rig.store.told).toEqual([['ann 1'], ['ann 0']]);
    });

    it('and a batch of unknown outcome that opened it is taken back', async () => {
      rig.store.onApply = async () => {
        throw new Error('timeout');
      };
      const ann = await joined();
      rig.roster.leave(ann, 'goodbye');
      rig.store.onApply = async () => ok();
      await pass(200);
      expect(rig.store.told.at(-1)).toEqual(['ann 0']);
    });

    it('and comes back before it was told has never been away', async () => {
      const ann = await joined();
      rig.roster.leave(ann, 'lost');
      await vi.advanceTimersByTimeAsync(2);
      const back = new FakeMember('ann');
      void rig.roster.join(back);
      await turn();
      const entry = rig.store.newest('ann');
      expect(entry).toMatchObject({ count: 1, openedAgo: 0 });
      expect(entry?.closedAgo).toBeGreaterThan(entry?.openedAgo ?? 0);
      expect(rig.roster.users).toBe(1);
    });

    it('twice ends once', async () => {
      const [one] = [await joined(), await joined()];
      rig.roster.leave(one, 'lost');
      await turn();
      const before = rig.store.applied.length;
      rig.roster.leave(one, 'lost');
      await turn();
      expect(rig.roster.membersOf(ANN)).toHaveLength(1);
      expect(rig.store.applied).toHaveLength(before);
    });
  });

  describe('a user nobody is connected for', () => {
    const isKept = async (): Promise<boolean> => {
      const before = rig.store.applied.length;
      rig.roster.reassert(0);
      await pass(1);
      return rig.store.applied.length > before;
    };

    it('is kept until grace and lease are over, so that a loss of data cannot shorten the grace', async () => {
      rig.roster.leave(await joined(), 'lost');
      expect(rig.roster.users).toBe(0);
      await pass(GRACE_MS + TTL_MS - 200);
      expect(await isKept()).toBe(true);
      expect(rig.store.newest('ann')).toMatchObject({ count: 0, graceMs: GRACE_MS });
      await pass(2000);
      expect(await isKept()).toBe(false);
    });

    it('is forgotten after a goodbye, once it is stored', async () => {
      const ann = await joined();
      const reply = gate<ApplyReply>();
      rig.store.onApply = () => reply.promise;
      rig.roster.leave(ann, 'goodbye');
      await pass(3000);
      rig.store.onApply = async () => ok();
      reply.resolve(ok());
      await pass(10);
      expect(await isKept()).toBe(false);
    });

    it('is not forgotten before it is stored, however long that takes', async () => {
      const ann = await joined();
      rig.store.onApply = async () => {
        throw new Error('away');
      };
      rig.roster.leave(ann, 'goodbye');
      await pass(60_000, 100);
      rig.store.onApply = async () => ok();
      await pass(2000);
      expect(rig.store.newest('ann')).toMatchObject({ count: 0 });
    });

    it('is the same who comes back before it is stored, and whose leaving then has to be told', async () => {
      const ann = await joined();
      rig.store.onApply = async () => {
        throw new Error('away');
      };
      rig.roster.leave(ann, 'goodbye');
      await pass(3000);
      const back = new FakeMember('ann');
      void rig.roster.join(back);
      rig.roster.leave(back, 'goodbye');
      const before = rig.store.applied.length;
      rig.store.onApply = async () => ok();
      await pass(2000);
      expect(rig.store.told.slice(before)).toEqual([['ann 0']]);
    });

    it('is there again with the next connection', async () => {
      rig.roster.leave(await joined(), 'lost');
      await pass(1000);
      await joined();
      expect(rig.roster.users).toBe(1);
      await pass(GRACE_MS + TTL_MS + 2000, 100);
      expect(await isKept()).toBe(true);
      expect(rig.store.newest('ann')?.count).toBe(1);
    });
  });

  it('nothing is left of many who came and went', async () => {
    for (let i = 0; i < 50; i += 1) {
      const member = new FakeMember(`user${i % 17}`);
      void rig.roster.join(member);
      if (i % 3 > 0) await pass(7);
      rig.roster.leave(member, i % 2 ? 'lost' : 'goodbye');
      if (i % 5 > 0) await pass(3);
    }
    await pass(GRACE_MS + TTL_MS + 3000, 100);
    const before = rig.store.applied.length;
    rig.roster.reassert(0);
    await pass(100);
    expect(rig.store.applied).toHaveLength(before);
    expect(rig.roster.users).toBe(0);
    expect(await rig.metric('users')).toBe(0);
  });
});
