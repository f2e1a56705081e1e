import { describe, expect, it } from 'vitest';
import { MINUTE, POLICY, SECOND, START, someone } from './someone.ts';

const AWAY = POLICY.idleAwayMs;

/** A new connection says nothing of activity: else every deploy at night would turn people `online`. */
describe('a silent connection', () => {
  it('opens active when it is alone', () => {
    const ann = someone().opens('n1', { silent: true });
    expect(ann.story).toEqual(['online connect']);
    expect(ann.row.nodes.get('n1')).toMatchObject({ stance: 'own', activeAt: START });
  });

  it('opens active after an offline, however long ago the last activity was', () => {
    const ann = someone()
      .opens('n1')
      .idles('n1')
      .leaves('n1')
      .waits(60 * MINUTE).andThen;
    expect(ann.opens('n1', { silent: true }).story).toEqual(['online connect']);
  });

  it('within a grace takes over the last activity, to the moment it would have run out', () => {
    const ann = someone()
      .opens('n1')
      .waits(AWAY - MINUTE)
      .closes('n1')
      .waits(SECOND)
      .opens('n2', { silent: true });
    expect(ann.story).toEqual(['online connect']);
    ann.waits(AWAY);
    expect(ann.told.at(-1)).toMatchObject({ status: 'away', reason: 'idle', at: AWAY });
    expect(ann.view.lastSeen).toBe(START);
  });

  it('within a grace stays idle when the user was, also when idleness was reported long before the limit', () => {
    const ann = someone().opens('n1').waits(SECOND).idles('n1').waits(SECOND).andThen;
    ann
      .closes('n1')
      .waits(SECOND)
      .opens('n2', { silent: true })
      .waits(2 * AWAY);
    expect(ann.story).toEqual([]);
    expect(ann.status).toBe('away');
  });

  it('beside others is active, also beside idle ones', () => {
    const ann = someone().opens('n1').idles('n1').waits(MINUTE).andThen.opens('n2', { silent: true });
    expect(ann.story).toEqual(['online active']);
    expect(ann.row.nodes.get('n2')).toMatchObject({ stance: 'own', activeAt: ann.now });
  });

  /** A node that restarts closes all tabs; they come back one after the other, and the first one ends the grace. */
  it('follows others that came back within the same grace, on whichever node', () => {
    const ann = someone().opens('n1').idles('n1').waits(MINUTE).opens('n2').idles('n2').waits(MINUTE).andThen;
    ann.closes('n1').closes('n2').waits(SECOND).opens('n3', { silent: true });
    ann.waits(SECOND).opens('n4', { silent: true }).waits(POLICY.graceMs);
    expect([ann.status, ann.story]).toEqual(['away', []]);
    expect(ann.opens('n5', { silent: true }).story).toEqual(['online active']);
  });

  /** A machine that reconnects by itself at night is nobody. */
  it('that opens idle alone is idle at once, and was not active by it', () => {
    const ann = someone().opens('n1').waits(MINUTE).leaves('n1').waits(MINUTE).andThen;
    const { lastSeen } = ann.view;
    ann.opens('n2', { silent: true, openedIdle: true });
    expect([ann.story, ann.view.lastSeen]).toEqual([['away connect'], lastSeen]);
    const late = someone().opens('n1').leaves('n1').waits(POLICY.idleOfflineMs).andThen;
    late.opens('n2', { silent: true, openedIdle: true });
    expect([late.status, late.story]).toEqual(['offline', []]);
  });

  it('that opens idle beside others takes over what the user is', () => {
    const idle = someone().opens('n1').idles('n1').andThen.opens('n2', { silent: true, openedIdle: true });
    expect([idle.status, idle.story]).toEqual(['away', []]);
    const active = someone()
      .opens('n1')
      .waits(MINUTE)
      .andThen.opens('n2', { silent: true, openedIdle: true });
    expect([active.status, active.story]).toEqual(['online', []]);
  });

  it('that opens idle beside an active one that leaves is active no longer than that one would have been', () => {
    const ann = someone()
      .opens('n1')
      .waits(MINUTE)
      .opens('n2', { silent: true, openedIdle: true })
      .waits(MINUTE)
      .uses('n1');
    ann.leaves('n1').waits(AWAY);
    expect(ann.story).toEqual(['online connect', 'away idle']);
    expect(ann.told.at(-1)?.at).toBe(MINUTE + AWAY);
  });

  it('keeps what it took over when its node says the same again, or opens another one', () => {
    const ann = someone()
      .opens('n1')
      .idles('n1')
      .opens('n2', { silent: true, openedIdle: true })
      .leaves('n1').andThen;
    ann.tells('n2', {}).opens('n2', { silent: true, openedIdle: true });
    expect([ann.status, ann.story]).toEqual(['away', []]);
  });

  it('speaks for itself from its first activity on', () => {
    const ann = someone()
      .opens('n1')
      .idles('n1')
      .opens('n2', { silent: true, openedIdle: true })
      .waits(MINUTE).andThen;
    ann.uses('n2');
    expect(ann.story).toEqual(['online active']);
    expect(ann.row.nodes.get('n2')).toMatchObject({ stance: 'own', activeAt: ann.now });
  });

  it('moves through a whole deploy without a transition, away or online', () => {
    const away = someone().opens('n1').idles('n1');
    const online = someone().opens('n1');
    for (const ann of [away, online]) {
      ann.andThen.waits(SECOND);
      for (const [from, to] of [
        ['n1', 'n2'],
        ['n2', 'n3'],
        ['n3', 'n1b'],
      ] as const) {
        ann
          .closes(from)
          .waits(2 * SECOND)
          .opens(to, { silent: true })
          .waits(SECOND);
      }
      expect(ann.story).toEqual([]);
    }
  });
});

describe('a grace', () => {
  /** Two tabs on two nodes lose their network together: the node of the idle one may be heard first. */
  it('is as active as the most active connection that closed, in whichever order they are told', () => {
    const cut = (first: 'n1' | 'n2') => {
      const ann = someone().opens('n1').opens('n2').idles('n2').waits(MINUTE).andThen;
      const told = { n1: { count: 0, closedAt: ann.now }, n2: { count: 0, closedAt: ann.now + 1 } };
      const second = first === 'n1' ? 'n2' : 'n1';
      return ann.waits(SECOND).tells(first, told[first]).tells(second, told[second]);
    };
    for (const ann of [cut('n1'), cut('n2')]) {
      ann.opens('n3', { silent: true });
      expect([ann.status, ann.story]).toEqual(['online', []]);
    }
  });

  it('of a lost node counts as active beside an idle close that came later', () => {
    const ann = someone().opens('n1').opens('n2').idles('n2').waits(MINUTE).andThen;
    ann
      .waits(4 * SECOND)
      .closes('n2')
      .waits(SECOND)
      .loses('n1', 5 * SECOND);
    expect([ann.status, ann.story]).toEqual(['online', []]);
  });
});

describe('activity', () => {
  it('is idle at once when reported, and keeps when it was', () => {
    const ann = someone().opens('n1').waits(SECOND).idles('n1');
    expect(ann.told.at(-1)).toMatchObject({ status: 'away', reason: 'idle', at: SECOND });
    expect(ann.view.lastSeen).toBe(START);
  });

  it('of a session that says nothing ends after the limit', () => {
    const ann = someone()
      .session('s', { expiresAt: START + 60 * MINUTE })
      .waits(AWAY - 1);
    expect(ann.status).toBe('online');
    expect(ann.waits(1).status).toBe('away');
  });

  it('never ends by silence when the limit is off, only by being reported', () => {
    const ann = someone({ idleAwayMs: 0, idleOfflineMs: 0 })
      .opens('n1')
      .session('s', { expiresAt: START + 24 * 60 * MINUTE })
      .leaves('n1')
      .waits(23 * 60 * MINUTE);
    expect(ann.story).toEqual(['online connect']);
    expect(ann.session('s', { idle: true }).status).toBe('away');
  });
});

describe('long idleness', () => {
  it('is offline, and activity is online again', () => {
    const ann = someone().opens('n1').idles('n1').waits(POLICY.idleOfflineMs);
    expect(ann.story).toEqual(['online connect', 'away idle', 'offline idle']);
    expect(ann.told.at(-1)?.at).toBe(POLICY.idleOfflineMs);
    expect(ann.uses('n1').story.at(-1)).toBe('online active');
  });

  it('of all but one connection is nothing', () => {
    const ann = someone()
      .opens('n1')
      .opens('n2')
      .idles('n1')
      .waits(60 * MINUTE);
    expect(ann.story).toEqual(['online connect']);
  });

  it('is not offline under a counting claim `busy`, but under any other', () => {
    const busy = someone()
      .opens('n1')
      .claims('busy')
      .idles('n1')
      .waits(60 * MINUTE);
    expect(busy.status).toBe('busy');
    const away = someone().opens('n1').claims('away').idles('n1').waits(POLICY.idleOfflineMs);
    expect(away.story.at(-1)).toBe('offline idle');
  });

  it('is offline as soon as the busy claim ends', () => {
    const until = START + 40 * MINUTE;
    const ann = someone()
      .opens('n1')
      .claims('busy', { until })
      .idles('n1')
      .waits(60 * MINUTE);
    expect(ann.told.at(-1)).toMatchObject({ status: 'offline', reason: 'idle', at: 40 * MINUTE });
  });

  it('is nothing when turned off', () => {
    const ann = someone({ idleOfflineMs: 0 })
      .opens('n1')
      .idles('n1')
      .waits(24 * 60 * MINUTE);
    expect(ann.status).toBe('away');
  });
});
