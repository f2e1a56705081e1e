import { describe, expect, it } from 'vitest';
import { Fifo } from '../../../src/auth/fifo.ts';
import { Semaphore } from '../../../src/auth/semaphore.ts';
import { TurnBudget } from '../../../src/auth/turn-budget.ts';
import fc from '../../support/fast-check.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the queue', () => {
  it('behaves as an array that is pushed and shifted', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer()), { maxLength: 200 }), (steps) => {
        const [queue, model] = [new Fifo<number>(), [] as number[]];
        for (const step of steps) {
          if (step === null) expect(queue.shift()).toBe(model.shift());
          else {
            queue.push(step);
            model.push(step);
          }
          expect(queue.size).toBe(model.length);
        }
      }),
    );
  });
});

describe('the semaphore', () => {
  it('never runs more than its limit, keeps the order, and gives places back after failures', async () => {
    const semaphore = new Semaphore(3);
    const started: number[] = [];
    let [running, most] = [0, 0];
    const job = async (index: number) => {
      started.push(index);
      most = Math.max(most, ++running);
      await turn();
      running--;
      if (index % 3 === 0) throw new Error('refused');
      return index;
    };
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => semaphore.run(() => job(index))),
    );
    expect(most).toBe(3);
    expect(started).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(17);
    expect(await semaphore.run(async () => 'free')).toBe('free');
    // All three places are free again: three more begin at once.
    const before = started.length;
    const late = [0, 1, 2, 3].map((index) => semaphore.run(() => job(index + 1)));
    expect(started.length - before).toBe(3);
    await Promise.allSettled(late);
  });
});

describe('the budget of a turn', () => {
  /** Each job takes a millisecond of a clock that only jobs move. */
  const setUp = (budgetMs: number) => {
    let now = 0;
    const done: number[] = [];
    const budget = new TurnBudget(budgetMs, () => now);
    const run = (index: number) =>
      budget.run(async () => {
        now += 1;
        done.push(index);
        return index;
      });
    return { run, done };
  };

  it('lets a lone job run at once', async () => {
    const { run, done } = setUp(2);
    const result = run(1);
    expect(done).toEqual([1]);
    expect(await result).toBe(1);
  });

  it('spreads a storm over turns, so much in each, in order of arrival', async () => {
    const { run, done } = setUp(2);
    const all = Promise.all(Array.from({ length: 9 }, (_, index) => run(index)));
    expect(done).toEqual([0, 1]);
    for (const count of [4, 6, 8, 9]) {
      await turn();
      expect(done).toHaveLength(count);
    }
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await all).toEqual(done);
  });

  it('lets nobody pass those who wait', async () => {
    const { run, done } = setUp(2);
    const early = Promise.all([0, 1, 2, 3, 4].map(run));
    await turn();
    const late = run(5);
    await Promise.all([early, late]);
    expect(done).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('forgets what earlier turns spent', async () => {
    const { run, done } = setUp(2);
    await Promise.all([0, 1, 2, 3].map(run));
    await turn();
    void run(4);
    void run(5);
    expect(done).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('passes failures on and goes on', async () => {
    const budget = new TurnBudget(0.001, () => performance.now());
    const jobs = Array.from({ length: 5 }, (_, index) =>
      budget.run(async () => {
        if (index % 2 === 0) throw new Error('refused');
        return index;
      }),
    );
    const results = await Promise.allSettled(jobs);
    expect(results.map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
    ]);
  });
});
