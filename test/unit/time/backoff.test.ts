import { describe, expect, it } from 'vitest';
import { backoff, jittered } from '../../../src/time/backoff.ts';

describe('the pause between attempts', () => {
  it('doubles up to its bound, however many fail', () => {
    expect([0, 1, 2, 3, 4, 5000].map((failures) => backoff(failures, 100, 1000))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
  });

  it('is spread over its later half', () => {
    expect([0, 0.5, 1].map((random) => jittered(1000, () => random))).toEqual([500, 750, 1000]);
  });
});
