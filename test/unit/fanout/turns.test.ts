import { describe, expect, it } from 'vitest';
import { Budgets } from '../../../src/fanout/budget.ts';
import { type Turn, Turns } from '../../../src/fanout/turns.ts';
import { FakeTime } from './rig.ts';

const tick = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Watches take their turns; the event loop is yielded to when it is said. */
class Bench {
  readonly time = new FakeTime();
  readonly begun: string[] = [];
  readonly refused: string[] = [];
  readonly #yields: (() => void)[] = [];
  readonly #turns = new Map<string, Turn>();
  readonly turns = new Turns(this.time, (next) => void this.#yields.push(next));

  async ask(name: string, users: number, rank = 0): Promise<void> {
    const taken = this.turns.take(users, rank);
    const begin = (turn: Turn): void => {
      this.begun.push(name);
      this.#turns.set(name, turn);
    };
    if (taken instanceof Promise) taken.then(begin, () => this.refused.push(name));
    else begin(taken);
    await tick();
  }

  async end(name: string): Promise<void> {
    this.#turns.get(name)?.end();
    for (const next of this.#yields.splice(0)) next();
    await tick();
  }
}

describe('watches of a node', () => {
  it('are read a few hundred users at a time', async () => {
    const bench = new Bench();
    for (const name of ['a', 'b', 'c', 'd']) await bench.ask(name, 250);
    expect(bench.begun).toEqual(['a', 'b']);
    await bench.end('a');
    expect(bench.begun).toEqual(['a', 'b', 'c']);
    await bench.end('b');
    expect([bench.begun, bench.turns.size]).toEqual([['a', 'b', 'c', 'd'], 0]);
  });

  it('are read whatever their size, by themselves', async () => {
    const bench = new Bench();
    await bench.ask('large', 10_000);
    await bench.ask('small', 1);
    expect(bench.begun).toEqual(['large']);
    await bench.end('large');
    expect(bench.begun).toEqual(['large', 'small']);
  });

  it('of who was shown least come first', async () => {
    const bench = new Bench();
    await bench.ask('now', 500);
    await bench.ask('greedy', 500, 9);
    await bench.ask('modest', 500, 0);
    await bench.end('now');
    await bench.end('modest');
    expect(bench.begun).toEqual(['now', 'modest', 'greedy']);
  });

  it('of who was shown much are refused after a while, of others never', async () => {
    const bench = new Bench();
    await bench.ask('now', 500);
    await bench.ask('greedy', 500, 2);
    await bench.ask('modest', 500, 1);
    bench.time.advance(16_000);
    await bench.end('now');
    expect([bench.begun, bench.refused]).toEqual([['now', 'modest'], ['greedy']]);
  });

  it('count once however often their turn is ended', async () => {
    const bench = new Bench();
    await bench.ask('now', 500);
    await bench.end('now');
    await bench.end('now');
    for (const name of ['a', 'b']) await bench.ask(name, 400);
    expect(bench.begun).toEqual(['now', 'a']);
  });
});

describe('the budget of a person', () => {
  const MAX = 5000;
  /** As a contact list comes in frames. */
  const watchAll = (budgets: Budgets): unknown[] =>
    Array.from({ length: 13 }, () => budgets.begin('ann', MAX / 13));

  it('lets a client watch all it may in several tabs, and again after a reconnect, at once', () => {
    const budgets = new Budgets(new FakeTime(), MAX);
    for (let tab = 0; tab < 5; tab += 1)
      expect(watchAll(budgets).every((wait) => wait === undefined)).toBe(true);
  });

  it('is refused what it would wait for too long', () => {
    const time = new FakeTime();
    const budgets = new Budgets(time, MAX);
    expect(budgets.take('ann', 30_000)).toBeUndefined();
    expect(budgets.take('ann', 16_000)).toBeUndefined();
    expect(() => budgets.take('ann', 1000)).toThrow(expect.objectContaining({ code: 'rate_limited' }));
    expect(budgets.take('ben', 5000)).toBeUndefined();
    time.advance(10_000);
    expect(budgets.take('ann', 1000)).toBeInstanceOf(Promise);
  });

  it('gives ranks by what was shown', () => {
    const time = new FakeTime();
    const budgets = new Budgets(time, MAX);
    expect(budgets.rank('ann')).toBe(0);
    for (let n = 0; n < 3; n += 1) void budgets.take('ann', MAX);
    expect(budgets.rank('ann')).toBe(3);
    time.advance(5000);
    expect(budgets.rank('ann')).toBe(2);
  });
});
