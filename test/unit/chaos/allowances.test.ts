import { expect, it } from 'vitest';
import { ALLOWED } from '../../chaos/checker/allowances.ts';

/** What the checker allowed when the chaos suite was written. It may shrink, and nothing may be added. */
const AT_FIRST: Readonly<Record<keyof typeof ALLOWED, number>> = {
  slackMs: 1_000,
  gatherMs: 400,
  takeoverBeats: 3,
  blurMs: 150,
  decisionBlurMs: 100,
  maxLagMs: 5_000,
  othersLaterMs: 1_000,
  patienceMs: 300,
  unstoredMs: 1_000,
  freshClaimMs: 1_000,
  unseenMs: 2_000,
  resetMs: 2_500,
  memoryBytes: 400e6,
};

it('what the checker allows has not grown: a promise is kept, not widened until it is', () => {
  expect(Object.keys(ALLOWED).sort()).toEqual(Object.keys(AT_FIRST).sort());
  for (const [name, first] of Object.entries(AT_FIRST))
    expect(ALLOWED[name as keyof typeof ALLOWED], name).toBeLessThanOrEqual(first);
});
