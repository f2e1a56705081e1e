import { deviceMask } from '../../../src/domain/devices.ts';
import { type ClaimStatus, DEVICES, type Status } from '../../../src/domain/model.ts';
import fc from '../../support/fast-check.ts';
import { MINUTE, POLICY, SECOND, type Someone } from './someone.ts';

/** Something that happens to somebody. */
export type Move = (ann: Someone) => unknown;

const node = fc.constantFrom('n1', 'n2', 'n3');
const devices = fc.subarray([...DEVICES], { minLength: 1 }).map(deviceMask);
const wait = fc.oneof(
  fc.integer({ min: 1, max: 10 * SECOND }),
  fc.integer({ min: SECOND, max: 20 * MINUTE }),
  fc.constantFrom(POLICY.graceMs, POLICY.idleAwayMs, POLICY.idleOfflineMs, POLICY.retentionMs),
);
const until = fc.option(fc.integer({ min: 1, max: 10 * MINUTE }), { nil: undefined });
const text = fc.option(fc.constantFrom('focus', 'lunch'), { nil: undefined });
const shown = fc.record({ until, text });

const adorn = (ann: Someone, { until, text }: { until: number | undefined; text: string | undefined }) => ({
  ...(until !== undefined && { until: ann.now + until }),
  ...(text !== undefined && { text }),
});

const SERVICES = [
  {
    weight: 2,
    arbitrary: fc
      .record({
        source: fc.constantFrom('calendar', 'call'),
        status: fc.constantFrom<Exclude<Status, 'offline'>>('online', 'away', 'busy'),
        priority: fc.constantFrom(50, 100, 120),
        shown,
      })
      .map(
        ({ source, status, priority, shown }): Move =>
          (ann) =>
            ann.isSaidToBe(source, { status, priority, ...adorn(ann, shown) }),
      ),
  },
  { weight: 1, arbitrary: fc.constant<Move>((ann) => ann.isSaidToBe('call', undefined)) },
];

const TIME = {
  weight: 5,
  arbitrary: wait.map(
    (ms): Move =>
      (ann) =>
        ann.waits(ms),
  ),
};

/** How often each happens; `own` is whether the person sets their own claim. */
export const moves = ({
  own = true,
  time = true,
  services = true,
}: {
  own?: boolean;
  time?: boolean;
  services?: boolean;
} = {}): fc.Arbitrary<Move> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(node, fc.boolean(), devices).map(
        ([at, silent, kinds]): Move =>
          (ann) =>
            ann.opens(at, { silent, devices: kinds }),
      ),
    },
    {
      weight: 3,
      arbitrary: node.map(
        (at): Move =>
          (ann) =>
            ann.holds(at) && ann.closes(at),
      ),
    },
    {
      weight: 1,
      arbitrary: node.map(
        (at): Move =>
          (ann) =>
            ann.holds(at) && ann.closes(at, { graceMs: 3 * POLICY.graceMs }),
      ),
    },
    {
      weight: 2,
      arbitrary: node.map(
        (at): Move =>
          (ann) =>
            ann.holds(at) && ann.leaves(at),
      ),
    },
    {
      weight: 2,
      arbitrary: node.map(
        (at): Move =>
          (ann) =>
            ann.uses(at),
      ),
    },
    {
      weight: 2,
      arbitrary: node.map(
        (at): Move =>
          (ann) =>
            ann.idles(at),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(node, fc.nat(30 * SECOND)).map(
        ([at, silent]): Move =>
          (ann) =>
            ann.loses(at, silent),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.record({ ttl: fc.integer({ min: 1, max: 60 * MINUTE }), idle: fc.boolean() }).map(
        ({ ttl, idle }): Move =>
          (ann) =>
            ann.session('s', { expiresAt: ann.now + ttl, idle }),
      ),
    },
    ...(services ? SERVICES : []),
    ...(own
      ? [
          {
            weight: 2,
            arbitrary: fc
              .tuple(fc.constantFrom<ClaimStatus | null>('online', 'away', 'busy', 'invisible', null), shown)
              .map(
                ([status, shown]): Move =>
                  (ann) =>
                    ann.claims(status, status === null ? {} : adorn(ann, shown)),
              ),
          },
        ]
      : []),
    ...(time ? [TIME] : []),
  );

/** What happens to somebody whether they hide or are gone: what services say, and time. */
export const common = (): fc.Arbitrary<Move> => fc.oneof(...SERVICES, TIME);
