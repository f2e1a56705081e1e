import { describe, expect, it } from 'vitest';
import { endAll, forget, isRevoked } from '../../../src/domain/ending.ts';
import { MINUTE, POLICY, SECOND, type Someone, START, someone } from './someone.ts';

const end = (ann: Someone, how: 'logout' | 'revoke'): Someone => {
  endAll(ann.row, how, ann.now * 1000, ann.now);
  return ann.looksAgain();
};

describe('ending all that is alive', () => {
  it('takes whoever was in use to have been until now, and the others at their word', () => {
    expect(end(someone().opens('n1').waits(MINUTE), 'logout').view.lastSeen).toBe(START + MINUTE);
    const idle = someone().opens('n1').waits(SECOND).idles('n1').waits(MINUTE);
    expect(end(idle, 'logout').view.lastSeen).toBe(START);
  });

  it('voids what is told late: connections, closes and their grace', () => {
    const ann = someone().opens('n1').opens('n2').waits(SECOND);
    end(ann, 'logout')
      .waits(SECOND)
      .andThen.tells('n1', {})
      .closes('n2')
      .waits(POLICY.graceMs * 2);
    expect(ann.told).toEqual([]);
    expect(ann.row.grace).toBeUndefined();
    ann.opens('n1');
    expect(ann.story).toEqual(['online connect']);
  });

  it('by a revocation refuses tokens for as long as one of them may be good, though the user is long gone', () => {
    const ann = end(someone({ retentionMs: SECOND }).opens('n1').waits(SECOND), 'revoke');
    const at = Math.floor(ann.now / 1000);
    expect([0, at, at + 5, at + 6].map((iat) => isRevoked(ann.row, iat))).toEqual([true, true, true, false]);
    const since = ann.now - (ann.now % 1000);
    ann.waits(since + POLICY.revocationMs - ann.now - 1);
    expect([ann.forgotten, isRevoked(ann.row, at)]).toEqual([false, true]);
    ann.waits(1);
    expect([ann.forgotten, isRevoked(ann.row, at)]).toEqual([true, false]);
  });
});

describe('a tombstone', () => {
  it('takes nothing of before, all of after, and is gone after an hour', () => {
    const ann = someone().opens('n1', { name: 'Ann', iat: 5 }).claims('busy').waits(SECOND);
    const known = { ...ann.view, lastSeen: undefined };
    const claim = { status: 'away' as const, stamp: ann.now * 1000 };
    forget(ann.row, ann.now * 1000, ann.now * 1000);
    ann.looksAgain().waits(SECOND).andThen.tells('n1', { name: 'Ann', iat: 5, known, claim });
    expect([ann.told, ann.row.name, ann.row.ownClaim, ann.row.ver]).toEqual([[], undefined, undefined, 0]);
    const later = someone();
    forget(later.row, later.now * 1000, later.now * 1000);
    later.looksAgain().waits(60 * MINUTE - 1);
    expect(later.forgotten).toBe(false);
    expect(later.waits(1).forgotten).toBe(true);
    ann.opens('n2', { known, claim });
    expect(ann.story).toEqual(['online connect']);
  });
});
