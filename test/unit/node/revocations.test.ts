import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { subOf } from '../../../src/domain/model.ts';
import type { Revocations } from '../../../src/node/revocations.ts';
import { FakeMember, FakeStore, gate, revocationsOf } from './fakes.ts';
import { freezeTime, pass, turn } from './rig.ts';

const WALL = 2_000_000_000_000;
const NOW = WALL / 1000;
const DAY = 86_400;
const ann = { tenant: 'acme', user: 'ann' };

describe('revocations', () => {
  let store: FakeStore;
  let revocations: Revocations;
  const learnt: [string, number][] = [];
  beforeEach(() => {
    freezeTime();
    store = new FakeStore();
    revocations = revocationsOf(store, () => WALL + performance.now());
    learnt.length = 0;
    revocations.onLearnt((owner, at) => learnt.push([subOf(owner), at]));
  });
  afterEach(() => {
    revocations.stop();
    vi.useRealTimers();
  });
  const refuses = (user: string, iat?: number): boolean =>
    revocations.refuses(new FakeMember(user, { ...(iat !== undefined && { iat }) }).principal);

  it('refuse tokens issued up to five seconds after them, and those without `iat`, of that user alone', () => {
    revocations.learn(ann, NOW);
    expect([refuses('ann', NOW + 5), refuses('ann', 1), refuses('ann')]).toEqual([true, true, true]);
    expect([refuses('ann', NOW + 6), refuses('bob', 1), refuses('bob')]).toEqual([false, false, false]);
  });

  it('are read at the start, and told once each', async () => {
    store.onRevocations = async () => [{ ...ann, at: NOW }];
    revocations.start();
    await turn();
    revocations.learn(ann, NOW);
    revocations.load();
    await turn();
    expect(learnt).toEqual([['ann', NOW]]);
    revocations.learn(ann, NOW + 1);
    expect(learnt).toHaveLength(2);
  });

  it('stay known when the store lost them', async () => {
    revocations.start();
    await turn();
    revocations.learn(ann, NOW);
    revocations.load();
    await turn();
    expect(refuses('ann', 1)).toBe(true);
  });

  it('are asked for until the store answers, and at once when there is reason to', async () => {
    store.onRevocations = async () => Promise.reject(new Error('away'));
    revocations.start();
    await pass(1000);
    expect(store.calls).toHaveLength(3);
    store.onRevocations = async () => [{ ...ann, at: NOW }];
    revocations.load();
    await turn();
    expect(learnt).toEqual([['ann', NOW]]);
    await pass(5000);
    expect(store.calls).toHaveLength(4);
  });

  it('are read once more when that is asked for while they are read', async () => {
    const answer = gate();
    store.onRevocations = async () => {
      await answer.promise;
      return [];
    };
    revocations.start();
    revocations.load();
    revocations.load();
    answer.resolve();
    await turn();
    expect(store.calls).toHaveLength(2);
  });

  describe('that a partition may have lost', () => {
    // In the other of two partitions.
    const bea = { ...ann, user: 'bea' };
    const refused = (): string[] => store.calls.filter((call) => call.startsWith('refuse'));
    beforeEach(async () => {
      store = new FakeStore(2);
      revocations = revocationsOf(store, () => WALL + performance.now());
      revocations.start();
      await turn();
      for (const [ref, at] of [
        [ann, NOW - 9],
        [bea, NOW],
        [ann, NOW - 3],
      ] as const)
        revocations.learn(ref, at);
    });

    it('are told again, of each user the newest, and nobody of another partition', async () => {
      const partition = store.partitionOf(ann);
      expect(store.partitionOf(bea)).toBe(1 - partition);
      revocations.tellAgain(partition);
      await turn();
      expect(refused()).toEqual([`refuse ${partition} ann ${NOW - 3}`]);
    });

    it('are told until the store takes them, however often that fails, and then no more', async () => {
      let failures = 3;
      store.onRefuse = async () => {
        failures -= 1;
        if (failures >= 0) throw new Error('away');
      };
      revocations.tellAgain(0);
      await pass(5000);
      expect(refused()).toHaveLength(4);
    });

    it('are told while the list cannot be read yet', async () => {
      store.onRevocations = async () => Promise.reject(new Error('young'));
      revocations.load();
      await turn();
      revocations.tellAgain(0);
      await turn();
      expect(refused()).toHaveLength(1);
    });

    it('are told at once though an older attempt waits to be repeated', async () => {
      store.onRefuse = async () => Promise.reject(new Error('away'));
      revocations.tellAgain(0);
      await turn();
      store.onRefuse = async () => undefined;
      revocations.tellAgain(1);
      await turn();
      expect(refused()).toHaveLength(3);
    });

    it('are told when they are missing from its list, or stand there with an older moment', async () => {
      store.onRevocations = async () => [{ ...bea, at: NOW - 1 }];
      revocations.load();
      await turn();
      expect(refused().sort()).toEqual(
        [
          `refuse ${store.partitionOf(ann)} ann ${NOW - 3}`,
          `refuse ${store.partitionOf(bea)} bea ${NOW}`,
        ].sort(),
      );
      store.calls.length = 0;
      store.onRevocations = async () => [
        { ...ann, at: NOW },
        { ...bea, at: NOW },
      ];
      revocations.load();
      await turn();
      expect(store.calls).toEqual(['revocations']);
    });

    it('are not told once no token issued before them can be good any more', async () => {
      revocations.learn({ ...ann, user: 'dan' }, NOW - DAY + 1);
      await pass(2000, 100);
      for (const partition of [0, 1]) revocations.tellAgain(partition);
      await turn();
      expect(refused().join()).not.toContain('dan');
      expect(refused()).toHaveLength(2);
    });

    it('are told in batches of bounded size', async () => {
      for (let i = 0; i < 1100; i += 1) revocations.learn({ tenant: 'acme', user: `u${i}a` }, NOW);
      revocations.tellAgain(store.partitionOf(bea));
      await turn();
      const sizes = refused().map((call) => call.split(',').length);
      expect([sizes, sizes.reduce((a, b) => a + b)]).toEqual([[500, 500, 101], 1101]);
    });
  });

  it('are complete once the store has listed them, which is told once', async () => {
    const answer = gate();
    store.onRevocations = async () => {
      await answer.promise;
      return [{ ...ann, at: NOW }];
    };
    let told = 0;
    revocations.onComplete(() => {
      told += 1;
    });
    revocations.start();
    await turn();
    expect([revocations.complete, told]).toEqual([false, 0]);
    answer.resolve();
    await turn();
    revocations.load();
    await turn();
    expect([revocations.complete, told, refuses('ann', 1)]).toEqual([true, 1, true]);
  });

  it('are not asked for any more once stopped', async () => {
    store.onRevocations = async () => Promise.reject(new Error('away'));
    revocations.start();
    await turn();
    revocations.stop();
    await pass(5000);
    expect(store.calls).toHaveLength(1);
  });

  it('are forgotten when no token issued before them can be good any more', async () => {
    revocations.learn(ann, NOW - DAY + 2);
    revocations.learn({ ...ann, user: 'bob' }, NOW - DAY);
    expect([refuses('ann', 1), refuses('bob', 1)]).toEqual([true, false]);
    revocations.start();
    await pass(3000, 100);
    revocations.load();
    await turn();
    expect(refuses('ann', 1)).toBe(false);
  });
});
