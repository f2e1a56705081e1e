import { describe, expect, it } from 'vitest';
import { verdictOf } from '../../../src/cli/watch/reconnect.ts';
import { CLOSE_CODES, type CloseCode } from '../../../src/protocol/codes.ts';

const delay = (ending: Parameters<typeof verdictOf>[0], attempt: number, random: number): number => {
  const verdict = verdictOf(ending, attempt, () => random);
  return verdict.retry ? verdict.delayMs : Number.NaN;
};

describe('the pause before a reconnect', () => {
  it('lies anywhere below a bound that doubles up to half a minute', () => {
    const bounds = [0, 1, 2, 5, 6, 50].map((attempt) => delay({ code: 1006 }, attempt, 1));
    expect(bounds).toEqual([500, 1_000, 2_000, 16_000, 30_000, 30_000]);
    expect(delay({ code: 1006 }, 50, 0)).toBe(0);
    expect(delay({ code: 1006 }, 50, 0.5)).toBe(15_000);
  });

  it('is short after a restart and what the node asked for after a reconnect frame', () => {
    expect(delay({ code: 1012 }, 6, 0.9)).toBe(900);
    expect(delay({ code: 1012, afterMs: 4_321 }, 6, 0.9)).toBe(4_321);
    expect(delay({ code: 1006, afterMs: 4_321 }, 0, 0.9)).toBe(4_321);
  });

  it('is never shorter than Retry-After, and never without end', () => {
    expect(delay({ status: 503, retryAfterS: 2 }, 0, 0.5)).toBe(2_250);
    expect(delay({ status: 503, retryAfterS: 999_999 }, 0, 0)).toBe(3_600_000);
    expect(delay({ code: 1012, afterMs: 1e12 }, 0, 0)).toBe(3_600_000);
  });
});

describe('whether there is a reconnect', () => {
  it.each(Object.entries(CLOSE_CODES) as [string, CloseCode][])(
    'after %s is as its table says',
    (number, code) => {
      const verdict = verdictOf({ code: Number(number) }, 0, () => 0.5);
      // A token from the command line is the only one there is.
      expect(verdict.retry).toBe(code.reconnect === 'yes' || code.reconnect === 'after a while');
      if (code.reconnect === 'after a while') expect(verdict).toMatchObject({ delayMs: 4_000 });
      if (!verdict.retry) expect(verdict.ok).toBe(number === '1000');
    },
  );
});
