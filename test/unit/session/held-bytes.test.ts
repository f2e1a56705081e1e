import { describe, expect, it } from 'vitest';
import { HeldBytes } from '../../../src/session/held-bytes.ts';

describe('bytes that many hold', () => {
  const holders = ['a', 'b', 'c'].map((name) => ({ name }));
  const [a = { name: '' }, b = { name: '' }, c = { name: '' }] = holders;
  const held = () => {
    const evicted: string[] = [];
    return { evicted, bytes: new HeldBytes<{ name: string }>(100, ({ name }) => void evicted.push(name)) };
  };

  it('are bounded together: beyond the bound who began first goes, and more until it fits', () => {
    const { bytes, evicted } = held();
    bytes.add(a, 30);
    bytes.add(b, 30);
    bytes.add(a, 30);
    expect(evicted).toEqual([]);
    bytes.add(c, 80);
    expect(evicted).toEqual(['a', 'b']);
    expect([bytes.total, bytes.size]).toEqual([80, 1]);
  });

  it('of one who holds more than all may are given back as well', () => {
    const { bytes, evicted } = held();
    bytes.add(a, 101);
    expect(evicted).toEqual(['a']);
    expect([bytes.total, bytes.size]).toEqual([0, 0]);
  });

  it('are given back once', () => {
    const { bytes } = held();
    bytes.add(a, 10);
    bytes.add(b, 20);
    bytes.release(a);
    bytes.release(a);
    expect([bytes.total, bytes.size]).toEqual([20, 1]);
  });
});
