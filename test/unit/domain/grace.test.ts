import { describe, expect, it } from 'vitest';
import { DRAIN_GRACE, MINUTE, POLICY, SECOND, someone } from './someone.ts';

const GRACE = POLICY.graceMs;

describe('a grace', () => {
  it('begins with any close without a goodbye and ends in offline', () => {
    const ann = someone().opens('n1').waits(MINUTE).closes('n1');
    ann.waits(GRACE - 1);
    expect(ann.status).toBe('online');
    ann.waits(1);
    expect(ann.told.at(-1)).toMatchObject({ status: 'offline', reason: 'disconnect', at: MINUTE + GRACE });
  });

  it('is ended by any new connection, on whatever node, and begins anew with the next close', () => {
    const ann = someone()
      .opens('n1')
      .waits(MINUTE)
      .closes('n1')
      .waits(GRACE - 1)
      .opens('n2');
    ann
      .waits(MINUTE)
      .closes('n2')
      .waits(GRACE - 1);
    expect(ann.story).toEqual(['online connect']);
    ann.waits(1);
    expect(ann.story).toEqual(['online connect', 'offline disconnect']);
  });

  it('lets a move from node to node pass unseen, whichever of the two is told first', () => {
    const early = someone().opens('n1').waits(MINUTE).opens('n2').waits(100).closes('n1');
    const late = someone().opens('n1').waits(MINUTE).closes('n1').waits(100).opens('n2');
    for (const ann of [early, late]) {
      ann.waits(4 * MINUTE);
      expect(ann.story).toEqual(['online connect']);
    }
  });

  it('does not begin with a close that was over before the newest opening', () => {
    const ann = someone().opens('n1').waits(MINUTE);
    const closedAt = ann.now;
    ann.waits(SECOND).opens('n2').tells('n1', { count: 0, closedAt: closedAt }).leaves('n2');
    expect(ann.story).toEqual(['online connect', 'offline goodbye']);
  });

  /** A node may be late in telling: the connection that ended the grace can be gone again by then. */
  it('does not come back with a close that is told after a newer connection came and said goodbye', () => {
    const ann = someone().opens('n1').waits(MINUTE);
    const closedAt = ann.now;
    ann.waits(100).opens('n2').waits(100).leaves('n2').waits(100);
    ann.tells('n1', { count: 0, closedAt: closedAt });
    expect(ann.status).toBe('offline');
    expect(ann.story).toEqual(['online connect', 'offline goodbye']);
  });

  it('does not begin with a close in the very moment of an opening, whichever is told first', () => {
    const closedFirst = someone().opens('n1').waits(MINUTE).closes('n1').opens('n2');
    const openedFirst = someone().opens('n1').waits(MINUTE).opens('n2').closes('n1');
    for (const ann of [closedFirst, openedFirst]) {
      expect(ann.leaves('n2').story).toEqual(['online connect', 'offline goodbye']);
    }
  });

  it('is not given to a goodbye', () => {
    expect(someone().opens('n1').leaves('n1').story).toEqual(['online connect', 'offline goodbye']);
  });

  it('of a tab that closed before keeps the user when the last one says goodbye', () => {
    const ann = someone().opens('n1').opens('n2').waits(MINUTE).closes('n1').waits(SECOND).leaves('n2');
    expect(ann.status).toBe('online');
    ann.waits(GRACE - SECOND);
    expect(ann.told.at(-1)).toMatchObject({ status: 'offline', reason: 'disconnect', at: MINUTE + GRACE });
  });

  it('runs to the latest end of all closes, in whichever order they are told', () => {
    const close = (first: 'n1' | 'n2') => {
      const ann = someone().opens('n1').opens('n2').waits(MINUTE);
      const told = {
        n1: { count: 0, closedAt: ann.now, graceMs: DRAIN_GRACE },
        n2: { count: 0, closedAt: ann.now + 1, graceMs: GRACE },
      };
      const second = first === 'n1' ? 'n2' : 'n1';
      ann.waits(SECOND).tells(first, told[first]).tells(second, told[second]).waits(MINUTE);
      return ann.told.at(-1);
    };
    const offline = { status: 'offline', reason: 'disconnect', at: MINUTE + DRAIN_GRACE };
    expect(close('n1')).toMatchObject(offline);
    expect(close('n2')).toMatchObject(offline);
  });

  it('waits as much longer as nodes are late with what they know', () => {
    const ann = someone().opens('n1').waits(MINUTE);
    ann.lagMs = 3 * SECOND;
    ann.closes('n1').waits(GRACE).looksAgain();
    expect(ann.status).toBe('online');
    ann.waits(3 * SECOND - 1).looksAgain();
    expect(ann.status).toBe('online');
    ann.waits(1);
    expect(ann.status).toBe('offline');
  });

  it('looks again as soon as nobody is late any more', () => {
    const ann = someone().opens('n1').waits(MINUTE);
    ann.lagMs = 5 * SECOND;
    ann.lagUntil = ann.now + GRACE + SECOND;
    ann.closes('n1');
    expect(ann.row.nextDeadline).toBe(ann.now + GRACE + SECOND);
    // Not before the grace is over, however soon that is.
    ann.lagUntil = ann.now + 1;
    ann.closes('n1');
    expect(ann.row.nextDeadline).toBe(ann.now + GRACE);
  });

  it('keeps who is there, and brings nobody back who was offline', () => {
    const ann = someone({ idleOfflineMs: 10 * MINUTE })
      .opens('n1')
      .idles('n1')
      .waits(10 * MINUTE);
    expect(ann.status).toBe('offline');
    ann.closes('n1').waits(GRACE);
    expect(ann.story).toEqual(['online connect', 'away idle', 'offline idle']);
  });

  it('does not hold up a goodbye that comes after it has ended', () => {
    const ann = someone()
      .opens('n1')
      .opens('n2')
      .closes('n1')
      .waits(GRACE + 1)
      .leaves('n2');
    expect(ann.story).toEqual(['online connect', 'offline goodbye']);
  });
});

describe('a node that dies', () => {
  it('starts a grace from the latest moment at which it can have died, and says so', () => {
    const ann = someone().opens('n1').waits(MINUTE);
    // Reaped six seconds after its last beat; it beat every two.
    ann.waits(6 * SECOND).loses('n1', 6 * SECOND);
    expect(ann.status).toBe('online');
    ann.waits(MINUTE);
    expect(ann.told.at(-1)).toMatchObject({
      status: 'offline',
      reason: 'node_lost',
      at: MINUTE + 2 * SECOND + GRACE,
    });
  });

  it('clears at once who is beyond the grace already', () => {
    const ann = someone()
      .opens('n1')
      .waits(MINUTE)
      .loses('n1', 20 * SECOND);
    expect(ann.story).toEqual(['online connect', 'offline node_lost']);
  });

  it('changes nothing for users who are also connected elsewhere, or came back meanwhile', () => {
    const elsewhere = someone()
      .opens('n1')
      .opens('n2')
      .waits(MINUTE)
      .loses('n1', 6 * SECOND);
    const back = someone()
      .opens('n1')
      .waits(MINUTE)
      .opens('n2')
      .waits(SECOND)
      .loses('n1', 6 * SECOND);
    for (const ann of [elsewhere, back]) {
      ann.waits(4 * MINUTE);
      expect(ann.story).toEqual(['online connect']);
      ann.leaves('n2');
      expect(ann.status).toBe('offline');
    }
  });

  it('gives no grace to who came back after it died', () => {
    const ann = someone()
      .opens('n1')
      .waits(MINUTE)
      .opens('n2')
      .waits(SECOND)
      .loses('n1', 6 * SECOND);
    expect(ann.leaves('n2').story).toEqual(['online connect', 'offline goodbye']);
  });

  it('had them active up to its last heartbeat, when they were', () => {
    const used = someone()
      .opens('n1')
      .waits(MINUTE)
      .loses('n1', 20 * SECOND);
    expect(used.view.lastSeen).toBe(used.now - 20 * SECOND);
    const idle = someone()
      .opens('n1')
      .idles('n1')
      .waits(MINUTE)
      .loses('n1', 20 * SECOND);
    expect(idle.view.lastSeen).toBe(idle.now - MINUTE);
  });

  it('is forgotten like any other: twice lost is once lost', () => {
    const ann = someone()
      .opens('n1')
      .waits(MINUTE)
      .loses('n1', 3 * SECOND);
    const { row } = structuredClone({ row: ann.row });
    expect(ann.loses('n1', 3 * SECOND).row).toEqual(row);
  });
});
