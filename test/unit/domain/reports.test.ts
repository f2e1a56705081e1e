import { describe, expect, it } from 'vitest';
import type { Report } from '../../../src/domain/absorb.ts';
import { deviceMask } from '../../../src/domain/devices.ts';
import { DEVICES, type OwnClaim } from '../../../src/domain/model.ts';
import fc from '../../support/fast-check.ts';
import { moves } from './moves.ts';
import { MINUTE, report, SECOND, type Someone, someone } from './someone.ts';

const moment = fc.integer({ min: -2 * MINUTE, max: 0 });
const claim = fc.record({
  status: fc.constantFrom<OwnClaim['status']>('online', 'away', 'busy', 'invisible', null),
  stampAgo: fc.nat(SECOND),
  until: fc.option(fc.integer({ min: -SECOND, max: MINUTE }), { nil: undefined }),
});

/** A report as of now, by a node that may be late. */
const reports = fc
  .record({
    count: fc.integer({ min: 0, max: 3 }),
    activeAt: fc.option(moment, { nil: undefined }),
    idle: fc.boolean(),
    openedAt: moment,
    closedAt: fc.option(moment, { nil: undefined }),
    devices: fc.subarray([...DEVICES], { minLength: 1 }),
    name: fc.option(fc.constantFrom('Ann', 'Anna'), { nil: undefined }),
    groups: fc.option(fc.constantFrom(['g1'], []), { nil: undefined }),
    iat: fc.nat(3),
    claim: fc.option(claim, { nil: undefined }),
  })
  .map(
    ({ activeAt, openedAt, closedAt, devices, claim, ...said }) =>
      (now: number): Report =>
        report({
          ...said,
          activeAt: activeAt === undefined ? 0 : now + activeAt,
          openedAt: now + openedAt,
          closedAt: closedAt === undefined ? 0 : now + closedAt,
          devices: deviceMask(devices),
          claim: claim && {
            status: claim.status,
            stamp: (now - claim.stampAgo) * 1000,
            ...(claim.until !== undefined && { until: now + claim.until }),
          },
        }),
  );

const lived = (history: readonly ((ann: Someone) => unknown)[]): Someone => {
  const ann = someone();
  for (const move of history) move(ann);
  return ann;
};

/** Values are absolute: what is unknown to have arrived may be said again, and nodes need not wait for each other. */
describe('a report', () => {
  it('said twice is said once', () => {
    fc.assert(
      fc.property(
        fc.array(moves(), { maxLength: 15 }),
        fc.constantFrom('n1', 'n4'),
        reports,
        (history, node, said) => {
          const ann = lived(history);
          ann.hears(node, said(ann.now));
          const row = structuredClone(ann.row);
          ann.andThen.hears(node, said(ann.now));
          expect(ann.told).toEqual([]);
          // When a row may be forgotten is reckoned anew with every look.
          expect({ ...ann.row, nextDeadline: 0 }).toEqual({ ...row, nextDeadline: 0 });
        },
      ),
      { numRuns: 400 },
    );
  });

  it('may come before or after that of another node about its own connections', () => {
    fc.assert(
      fc.property(fc.array(moves(), { maxLength: 15 }), reports, reports, (history, one, other) => {
        // Each speaks of activity and of what is its own alone: claims and profiles have their own order. And no grace
        // is over before it is told.
        const own = (said: Report): Report => ({
          ...said,
          activeAt: Math.max(said.activeAt, said.openedAt),
          graceMs: 3 * MINUTE,
          claim: undefined,
          profile: {},
        });
        const outcomes = [[one, other] as const, [other, one] as const].map(([a, b]) => {
          const ann = lived(history)
            .opens('n1')
            .opens('n2')
            .waits(5 * MINUTE);
          const [nodeA, nodeB] = a === one ? (['n1', 'n2'] as const) : (['n2', 'n1'] as const);
          ann.hears(nodeA, own(a(ann.now))).hears(nodeB, own(b(ann.now)));
          const { ver: _, since: __, lastSeen: ___, ...view } = ann.view;
          return { view, parts: new Map([...ann.row.nodes].sort()), leave: ann.row.grace };
        });
        expect(outcomes[1]).toEqual(outcomes[0]);
      }),
      { numRuns: 400 },
    );
  });
});

describe('name and groups', () => {
  it('come from the newest token, and one without them changes nothing', () => {
    const ann = someone().opens('n1', { iat: 5, name: 'Ann', groups: ['a'] });
    ann.opens('n2', { iat: 4, name: 'Old', groups: ['old'] });
    const said = () => [ann.row.name?.value, ann.row.groups?.value];
    expect(said()).toEqual(['Ann', ['a']]);
    ann.opens('n3', { iat: 9 }).opens('n4', { iat: 6, groups: ['b'] });
    expect(said()).toEqual(['Ann', ['b']]);
    ann.opens('n5', { iat: 7, groups: [] });
    expect(said()[1]).toEqual([]);
    ann.opens('n6', { iat: 8, groups: ['c'] }).opens('n7', { iat: 9, name: 'Anna' });
    expect(said()).toEqual(['Anna', ['c']]);
  });

  it('are no transition', () => {
    const ann = someone().opens('n1').andThen.tells('n1', { iat: 1, name: 'Ann' });
    expect([ann.story, ann.view.name]).toEqual([[], 'Ann']);
  });

  it('are not shown of somebody never seen', () => {
    const ann = someone().claims('invisible').opens('n1', { name: 'Ann', iat: 1 });
    expect(ann.view).not.toHaveProperty('name');
  });
});
