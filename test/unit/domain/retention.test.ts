import { describe, expect, it } from 'vitest';
import { DAY, MINUTE, POLICY, START, someone } from './someone.ts';

describe('a row', () => {
  it('is kept for the retention after its user went offline, and no longer', () => {
    const ann = someone().opens('n1').waits(MINUTE).leaves('n1');
    expect(ann.waits(POLICY.retentionMs - 1).forgotten).toBe(false);
    expect(ann.waits(1).forgotten).toBe(true);
  });

  it('is kept while anything is alive, in grace, or shown as not offline', () => {
    const open = someone()
      .opens('n1')
      .waits(2 * POLICY.retentionMs);
    expect(open.forgotten).toBe(false);
    const idle = someone()
      .opens('n1')
      .idles('n1')
      .waits(2 * POLICY.retentionMs);
    expect([idle.status, idle.forgotten]).toEqual(['offline', false]);
    const until = START + 2 * POLICY.retentionMs;
    const claimed = someone()
      .opens('n1')
      .claims('away', { until })
      .idles('n1')
      .waits(3 * POLICY.retentionMs);
    expect([claimed.status, claimed.forgotten]).toEqual(['offline', false]);
    const hidden = someone()
      .opens('n1')
      .claims('invisible')
      .waits(2 * POLICY.retentionMs);
    expect(hidden.forgotten).toBe(false);
    expect(someone({ retentionMs: 0 }).opens('n1').waits(1).closes('n1').forgotten).toBe(false);
  });

  it('is kept while an own claim without an end stands', () => {
    const ann = someone()
      .opens('n1')
      .claims('busy')
      .leaves('n1')
      .waits(3 * POLICY.retentionMs);
    expect(ann.row.nextDeadline).toBe(0);
    expect(ann.forgotten).toBe(false);
    ann.claims(null);
    expect(ann.waits(POLICY.retentionMs - 1).forgotten).toBe(false);
    expect(ann.waits(1).forgotten).toBe(true);
  });

  it('is kept for the retention after the newest claim of anybody', () => {
    const ann = someone()
      .claims('busy', { until: MINUTE })
      .waits(DAY)
      .isSaidToBe('calendar', { status: 'busy' });
    expect(ann.waits(POLICY.retentionMs - 1).forgotten).toBe(false);
    expect(ann.waits(1).forgotten).toBe(true);
  });

  it('of whom only a removal was ever heard is not worth keeping', () => {
    const ann = someone().tells('n1', { count: 0 }).waits(1);
    expect(ann.forgotten).toBe(true);
  });
});
