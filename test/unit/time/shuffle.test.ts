import { describe, expect, it } from 'vitest';
import { shuffle } from '../../../src/time/shuffle.ts';
import { Dice } from '../../support/fuzz/dice.ts';

describe('shuffling', () => {
  it('keeps every item and puts each in every place equally often', () => {
    const dice = new Dice(7);
    const orders = new Map<string, number>();
    for (let n = 0; n < 6000; n += 1) {
      const items = shuffle(['a', 'b', 'c'], () => dice.next());
      expect([...items].sort()).toEqual(['a', 'b', 'c']);
      const order = items.join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(6);
    for (const times of orders.values()) expect(Math.abs(times - 1000)).toBeLessThan(150);
  });
});
