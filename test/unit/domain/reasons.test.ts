import { describe, expect, it } from 'vitest';
import type { Reason } from '../../../src/domain/model.ts';
import { MINUTE, POLICY, SECOND, type Someone, START, someone } from './someone.ts';

const UNTIL = START + MINUTE;
const known = { status: 'online' as const, since: START, ver: (START + 1) * 1000 };

const CASES: [Reason, string, (ann: Someone) => Someone][] = [
  ['connect', 'the first connection', (ann) => ann.opens('n1')],
  ['connect', 'the first session', (ann) => ann.session('s')],
  ['connect', 'a return after offline', (ann) => ann.opens('n1').leaves('n1').waits(MINUTE).opens('n2')],
  ['connect', 'a first connection under a claim', (ann) => ann.claims('busy').opens('n1')],
  ['connect', 'the end of invisible', (ann) => ann.opens('n1').claims('invisible').waits(1).claims(null)],
  [
    'disconnect',
    'the end of a grace',
    (ann) => ann.opens('n1').waits(SECOND).closes('n1').waits(POLICY.graceMs),
  ],
  ['goodbye', 'a goodbye', (ann) => ann.opens('n1').leaves('n1')],
  ['goodbye', 'the beginning of invisible', (ann) => ann.opens('n1').claims('invisible')],
  [
    'node_lost',
    'the end of the grace of a dead node',
    (ann) => ann.opens('n1').waits(MINUTE).loses('n1', MINUTE),
  ],
  ['idle', 'idleness', (ann) => ann.opens('n1').idles('n1')],
  ['idle', 'long idleness', (ann) => ann.opens('n1').idles('n1').waits(POLICY.idleOfflineMs)],
  ['idle', 'the active one of two leaving', (ann) => ann.opens('n1').opens('n2').idles('n2').leaves('n1')],
  ['active', 'activity after idleness', (ann) => ann.opens('n1').idles('n1').uses('n1')],
  [
    'active',
    'activity after long idleness',
    (ann) =>
      ann
        .opens('n1')
        .idles('n1')
        .waits(40 * MINUTE)
        .uses('n1'),
  ],
  ['claim', 'a claim', (ann) => ann.opens('n1').claims('busy')],
  [
    'claim',
    'a claim with another text',
    (ann) => ann.opens('n1').claims('busy').waits(1).claims('busy', { text: 'x' }),
  ],
  [
    'claim',
    'a claim with another emoji',
    (ann) => ann.opens('n1').claims('busy').waits(1).claims('busy', { emoji: '🚲' }),
  ],
  ['claim', 'a cleared claim without a text', (ann) => ann.opens('n1').claims('away').waits(1).claims(null)],
  ['claim', 'a cleared claim', (ann) => ann.opens('n1').claims('busy').waits(1).claims(null)],
  ['claim', 'the claim of a service', (ann) => ann.opens('n1').isSaidToBe('calendar', { status: 'busy' })],
  [
    'claim',
    'its withdrawal',
    (ann) => ann.opens('n1').isSaidToBe('call', { status: 'busy' }).isSaidToBe('call', undefined),
  ],
  [
    'claim',
    'a claim that ends long idleness',
    (ann) =>
      ann
        .opens('n1')
        .idles('n1')
        .waits(40 * MINUTE)
        .claims('busy'),
  ],
  ['expired', 'the end of a claim', (ann) => ann.opens('n1').claims('busy', { until: UNTIL }).waits(MINUTE)],
  ['expired', 'the end of a session', (ann) => ann.session('s', { expiresAt: UNTIL }).waits(MINUTE)],
  ['resync', 'what is found different after a loss', (ann) => ann.hears('n1', { ...NOBODY, known })],
];
const NOBODY = {
  count: 0,
  activeAt: 0,
  idle: false,
  openedAt: START,
  closedAt: 0,
  graceMs: 0,
  devices: 0,
  profile: {},
};

describe('the reason', () => {
  it.each(CASES)('is `%s` for %s', (reason, _, happens) => {
    const ann = happens(someone());
    expect(ann.told.at(-1)?.reason).toBe(reason);
  });

  it('is that of the last thing that kept the user, when several end', () => {
    const lost = someone()
      .opens('n1')
      .opens('n2')
      .waits(MINUTE)
      .closes('n2')
      .waits(SECOND)
      .loses('n1', 2 * SECOND);
    expect(lost.waits(MINUTE).story.at(-1)).toBe('offline node_lost');
    const closed = someone()
      .opens('n1')
      .opens('n2')
      .waits(MINUTE)
      .loses('n1', 4 * SECOND)
      .closes('n2');
    expect(closed.waits(MINUTE).story.at(-1)).toBe('offline disconnect');
    // Found late, but it was not the last.
    const late = someone().opens('n1').opens('n2').waits(MINUTE).closes('n2').waits(SECOND);
    expect(
      late
        .loses('n1', 10 * SECOND)
        .waits(MINUTE)
        .story.at(-1),
    ).toBe('offline disconnect');
  });
});
