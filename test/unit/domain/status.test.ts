import { describe, expect, it } from 'vitest';
import { deviceMask } from '../../../src/domain/devices.ts';
import { evaluate } from '../../../src/domain/evaluate.ts';
import { type Claim, type ClaimStatus, OWN_PRIORITY, type Status } from '../../../src/domain/model.ts';
import { emptyRow, type Row } from '../../../src/domain/row.ts';
import fc from '../../support/fast-check.ts';
import { MINUTE, POLICY, SECOND, START, someone } from './someone.ts';

describe('a user', () => {
  it('is offline before anybody spoke of them', () => {
    expect(someone().view).toEqual({ user: 'ann', status: 'offline', since: 0, ver: 0, devices: [] });
  });

  it('is online from their first connection on, wherever more of them open', () => {
    const ann = someone().opens('n1').waits(SECOND).opens('n1').opens('n2').session('phone');
    expect(ann.story).toEqual(['online connect']);
    expect(ann.view.since).toBe(START);
  });

  /** Ten tabs are one `online`, and only the last one closing can be an `offline`. */
  it('with ten tabs comes once and goes once', () => {
    const ann = someone();
    for (let tab = 0; tab < 10; tab += 1) ann.opens(`n${tab % 3}`);
    for (let tab = 0; tab < 9; tab += 1)
      ann
        .waits(MINUTE)
        .closes(`n${tab % 3}`)
        .uses('n0');
    expect(ann.story).toEqual(['online connect']);
    ann.closes('n0').waits(POLICY.graceMs);
    expect(ann.story).toEqual(['online connect', 'offline disconnect']);
  });

  it('is away while nothing of theirs is in use, and online as long as anything is', () => {
    const ann = someone().opens('n1').opens('n2').idles('n1');
    expect(ann.status).toBe('online');
    ann.idles('n2');
    expect(ann.status).toBe('away');
    ann.uses('n1');
    expect(ann.story).toEqual(['online connect', 'away idle', 'online active']);
  });

  it('is there by a session alone, and active in it as long as a silent one may be', () => {
    const ann = someone().session('phone', { expiresAt: START + 8 * MINUTE });
    expect(ann.status).toBe('online');
    ann.waits(8 * MINUTE);
    expect(ann.told.map(({ status, reason, at }) => [status, reason, at])).toEqual([
      ['online', 'connect', 0],
      ['away', 'idle', POLICY.idleAwayMs],
      ['offline', 'expired', 8 * MINUTE],
    ]);
  });

  it('shows the kinds of device that are alive, and in a grace those it had', () => {
    const ann = someone()
      .opens('n1', { devices: deviceMask(['mobile']) })
      .opens('n2', { devices: deviceMask(['web']) })
      .session('s');
    expect(ann.view.devices).toEqual(['web', 'mobile', 'api']);
    ann.waits(SECOND).leaves('n2').closes('n1');
    expect(ann.view.devices).toEqual(['mobile', 'api']);
    ann.waits(POLICY.graceMs);
    expect(ann.view.devices).toEqual(['api']);
    expect(ann.story).toEqual(['online connect']);
    ann.waits(MINUTE);
    expect(ann.view.devices).toEqual([]);
  });
});

/** The five sentences of the contract, said once more as plainly as possible. */
const promised = (row: Row, now: number): Status => {
  const alive = [...row.nodes.values(), ...row.sessions.values()];
  if (alive.length === 0) return 'offline';
  const claims = [...row.claims.values()];
  if (row.ownClaim?.status)
    claims.push({ ...row.ownClaim, status: row.ownClaim.status, priority: OWN_PRIORITY });
  if (row.ownClaim?.status === 'invisible') return 'offline';
  const counting = claims.sort((a, b) => b.priority - a.priority || b.stamp - a.stamp)[0];
  const active =
    [...row.nodes.values()].some((part) => !part.idle) ||
    [...row.sessions.values()].some((session) => !session.idle && session.activeAt + POLICY.idleAwayMs > now);
  const last = Math.max(...alive.map(({ activeAt }) => activeAt));
  if (!active && last + POLICY.idleOfflineMs <= now && counting?.status !== 'busy') return 'offline';
  if (counting) return counting.status as Status;
  return active ? 'online' : 'away';
};

const ago = fc.integer({ min: 0, max: 40 * MINUTE });
const part = fc.record({ idle: fc.boolean(), ago }).map(({ idle, ago }) => ({
  count: 1,
  activeAt: START - ago,
  stance: 'own' as const,
  idle,
  openedAt: START - ago,
  devices: 1,
}));
const session = fc
  .record({ idle: fc.boolean(), ago })
  .map(({ idle, ago }) => ({ expiresAt: START + 1, activeAt: START - ago, idle, devices: 1 }));
const claim = fc
  .record({
    status: fc.constantFrom<ClaimStatus>('online', 'away', 'busy'),
    priority: fc.integer({ min: 98, max: 102 }),
    place: fc.nat(3),
  })
  .map(({ place, ...claim }) => ({ ...claim, place }));

describe('the status', () => {
  it('follows from connections, sessions and claims as the contract says', () => {
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 3 }),
        fc.array(session, { maxLength: 2 }),
        fc.array(claim, { maxLength: 4 }),
        fc.constantFrom<ClaimStatus | null | undefined>(
          'online',
          'away',
          'busy',
          'invisible',
          null,
          undefined,
        ),
        fc.nat(4),
        (parts, sessions, claims, own, ownPlace) => {
          const row = emptyRow();
          for (const [i, each] of parts.entries()) row.nodes.set(`n${i}`, each);
          for (const [i, each] of sessions.entries()) row.sessions.set(`s${i}`, each);
          // Stamps are told apart, so that "newest" has an answer.
          for (const [i, { place, ...each }] of claims.entries())
            row.claims.set(`c${i}`, { ...each, stamp: place * 10 + i } satisfies Claim);
          if (own !== undefined) row.ownClaim = { status: own, stamp: ownPlace * 10 + 5 };
          const expected = promised(row, START);
          const change = evaluate(row, {
            now: START,
            today: START,
            policy: POLICY,
            holdUntil: 0,
            gathering: false,
            lagMs: 0,
            lagUntil: 0,
            before: { present: false, hidden: false, knownActiveAt: 0 },
            deliberate: undefined,
            repair: false,
          });
          expect(change?.status ?? 'offline').toBe(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});
