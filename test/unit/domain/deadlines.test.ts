import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../src/domain/model.ts';
import fc from '../../support/fast-check.ts';
import { moves } from './moves.ts';
import { MINUTE, POLICY, type Someone, START, someone } from './someone.ts';

/** The same user, at another moment. */
const at = (ann: Someone, now: number): Someone => {
  const then = someone(ann.policy);
  then.row = structuredClone(ann.row);
  then.now = now;
  return then;
};

const policies = fc.constantFrom<Partial<Policy>>(
  {},
  { idleOfflineMs: 0 },
  { idleAwayMs: 0, idleOfflineMs: 0 },
  { graceMs: 0 },
);

describe('a deadline', () => {
  it('is the earliest of grace, claims, sessions and idle limits', () => {
    const ann = someone()
      .opens('n1')
      .isSaidToBe('call', { status: 'busy', until: START + 4 * MINUTE });
    expect(ann.row.nextDeadline).toBe(START + 4 * MINUTE);
    expect(ann.session('s', { expiresAt: START + 3 * MINUTE }).row.nextDeadline).toBe(START + 3 * MINUTE);
    expect(ann.claims('away', { until: START + 2 * MINUTE }).row.nextDeadline).toBe(START + 2 * MINUTE);
    expect(ann.waits(1).closes('n1').row.nextDeadline).toBe(ann.now + POLICY.graceMs);
  });

  it('is none while nothing can change by itself', () => {
    expect(someone().opens('n1').row.nextDeadline).toBe(0);
    expect(someone({ idleOfflineMs: 0 }).opens('n1').idles('n1').row.nextDeadline).toBe(0);
  });

  /** What the sweep relies on: nobody has to be looked at before they are due, and nobody is due for ever. */
  it('is the only moment at which time alone changes anything', () => {
    fc.assert(
      fc.property(
        policies,
        fc.array(moves(), { maxLength: 25 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (policy, history, share) => {
          const ann = someone(policy).looksAgain();
          for (const move of history) move(ann);
          if (ann.forgotten) ann.looksAgain();
          const { nextDeadline } = ann.row;
          const { now } = ann;
          if (nextDeadline > 0) expect(nextDeadline).toBeGreaterThan(now);
          const last = nextDeadline > 0 ? nextDeadline - 1 : now + 2 * POLICY.retentionMs;
          for (const moment of [now, now + Math.floor((last - now) * share), last]) {
            const then = at(ann, moment).looksAgain();
            expect(then.told).toEqual([]);
            expect(then.view).toEqual(ann.view);
            // Not even what is not shown: what time ends is ended when it is due, neither before nor later.
            expect({ ...then.row, nextDeadline: 0 }).toEqual({ ...ann.row, nextDeadline: 0 });
            expect(then.row.nextDeadline).toBeGreaterThanOrEqual(nextDeadline);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('met late leads to the same status as one met in time', () => {
    fc.assert(
      fc.property(
        fc.array(moves(), { maxLength: 25 }),
        fc.integer({ min: 0, max: POLICY.retentionMs - 1 }),
        (history, ms) => {
          const ann = someone().looksAgain();
          for (const move of history) move(ann);
          const late = at(ann, ann.now + ms)
            .isSwept()
            .isSwept();
          const { status, text, until, devices } = ann.waits(ms).view;
          expect(late.view).toMatchObject({ status, devices });
          expect([late.view.text, late.view.until]).toEqual([text, until]);
        },
      ),
    );
  });
});
