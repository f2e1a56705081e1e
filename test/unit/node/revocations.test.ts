import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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
    revocations.onLearnt(({ user }, at) => learnt.push([user, at]));
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
