import { describe, expect, it } from 'vitest';
import { type RateLimit, RateLimiter } from '../../../src/time/rate-limiter.ts';

const limiter = (options: RateLimit) => {
  let now = 1000;
  const made = new RateLimiter({ ...options, now: () => now });
  return {
    made,
    pass: (ms: number) => {
      now += ms;
    },
    granted: (key: string, asked: number) =>
      Array.from({ length: asked }, () => made.take(key)).filter((wait) => wait === 0).length,
  };
};

describe('a rate limiter', () => {
  it('grants a second’s worth at once and then the rate', () => {
    const { granted, pass } = limiter({ rate: 10 });
    expect(granted('a', 50)).toBe(10);
    pass(100);
    expect(granted('a', 50)).toBe(1);
    pass(500);
    expect(granted('a', 50)).toBe(5);
    pass(60_000);
    expect(granted('a', 50)).toBe(10);
  });

  it('tells how long to wait, and grants after that', () => {
    const { made, granted, pass } = limiter({ rate: 4, burst: 1 });
    expect(granted('a', 1)).toBe(1);
    pass(50);
    expect(made.take('a')).toBeCloseTo(200);
    pass(200);
    expect(made.take('a')).toBe(0);
  });

  it('does not let the refused starve the granted', () => {
    const { granted, pass } = limiter({ rate: 10 });
    granted('a', 10);
    let total = 0;
    for (let i = 0; i < 1000; i++) {
      pass(1);
      total += granted('a', 5);
    }
    expect(total).toBeGreaterThanOrEqual(9);
    expect(total).toBeLessThanOrEqual(10);
  });

  it('counts every key apart', () => {
    const { granted } = limiter({ rate: 3 });
    expect(granted('a', 5)).toBe(3);
    expect(granted('b', 5)).toBe(3);
  });

  it('grants everything when there is no limit, and remembers nobody', () => {
    const { made, granted } = limiter({ rate: 0 });
    expect(granted('a', 1000)).toBe(1000);
    expect(made.size).toBe(0);
  });

  it('never remembers more than it may, and forgets who was quiet for longest', () => {
    const { made, granted } = limiter({ rate: 1, burst: 2, maxKeys: 100 });
    for (let i = 0; i < 1000; i++) granted(`k${i}`, 3);
    expect(made.size).toBe(100);
    expect(granted('k999', 1)).toBe(0);
    expect(granted('k0', 1)).toBe(1);
  });

  it('keeps a busy key through a flood of others', () => {
    const { made } = limiter({ rate: 1, burst: 1, maxKeys: 100 });
    made.take('busy');
    for (let i = 0; i < 1000; i++) {
      made.take(`k${i}`);
      expect(made.take('busy')).toBeGreaterThan(0);
    }
  });

  it('shrinks again after a flood', () => {
    const { made, pass, granted } = limiter({ rate: 10 });
    for (let i = 0; i < 10_000; i++) made.take(`k${i}`);
    expect(made.size).toBe(10_000);
    pass(1000);
    for (let i = 0; i < 10_000; i++) made.take('a');
    expect(made.size).toBe(1);
    expect(granted('a', 1)).toBe(0);
  });
});
