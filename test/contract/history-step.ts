import { DEVICES, type Device, type View } from '../../src/domain/model.ts';
import type { Ending } from '../../src/store/log-entry.ts';
import type {
  CallerProfile,
  ClaimRequest,
  NoteRequest,
  ServiceClaim,
  SessionRequest,
} from '../../src/store/port/people.ts';
import type { Entry } from '../../src/store/port/reports.ts';
import fc from '../support/fast-check.ts';
import { EPOCH, POLICY } from '../support/frozen-stores.ts';
import { type DrawnReport, drawnReports, type PlaceStep, placeSteps } from './history-places.ts';

export const TENANT = 'acme';
export const USERS = ['ann', 'bob', 'çelik "x"'] as const;
export const GROUPS = ['g1', 'g "2"', 'g3'] as const;
const NODES = ['n1.0', 'n2.0'] as const;

export type Step =
  | PlaceStep
  | { kind: 'wait'; ms: number }
  | { kind: 'sweep' }
  | { kind: 'claim'; user: string; claim: ClaimRequest }
  | { kind: 'regroup'; user: string; groups: readonly string[] }
  | { kind: 'note'; user: string; note: NoteRequest }
  | { kind: 'service'; user: string; source: string; claim: ServiceClaim | null; at: number | undefined }
  | { kind: 'session'; user: string; id: string; session: SessionRequest; profile: CallerProfile }
  | { kind: 'goodbye'; user: string; id: string }
  | { kind: 'end'; user: string; how: Ending | 'forget'; before?: number | undefined }
  | { kind: 'disconnect'; user: string; device: Device }
  /** A node tells again of a revocation, so many s after the epoch. */
  | { kind: 'refuse'; user: string; after: number }
  | { kind: 'touch'; user: string; profile: CallerProfile }
  | { kind: 'repair'; user: string; status: View['status']; ahead: number; note: NoteRequest | undefined }
  | {
      kind: 'tell';
      node: string;
      entry: Omit<Entry, 'tenant'>;
      stampAgo: number | undefined;
      knows: boolean;
      /** The node knows a view that the store lost: so many µs newer than what is stored. */
      ahead: number | undefined;
      status: View['status'];
      places: readonly DrawnReport[] | undefined;
    };

const user = fc.constantFrom(...USERS);
const statuses = fc.constantFrom<View['status']>('online', 'away', 'busy', 'offline');
const claimOf = fc.record({
  status: fc.constantFrom('online', 'away', 'busy', 'invisible', null),
  text: fc.option(fc.constantFrom('in a "meeting"', 'ünïcode \u2028 \\'), { nil: undefined }),
  emoji: fc.option(fc.constant('🚲'), { nil: undefined }),
  until: fc.option(fc.integer({ min: 0, max: 12_000 }), { nil: undefined }),
});

const noteOf = fc.record({
  text: fc.option(fc.constantFrom('back "soon"', 'ünïcode'), { nil: undefined }),
  emoji: fc.option(fc.constant('🏖️'), { nil: undefined }),
  until: fc.option(fc.integer({ min: 0, max: 12_000 }), { nil: undefined }),
});

const definedOnly = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;

const ending = (until: number | undefined): { until: number } | undefined =>
  until === undefined ? undefined : { until: EPOCH + until };

/** Seconds; a revocation falls between the later ones. */
const iat = fc.constantFrom(0, 1, 2, 3, EPOCH / 1000 + 8, EPOCH / 1000 + 1000);

const profile: fc.Arbitrary<CallerProfile> = fc
  .record({
    name: fc.option(fc.constantFrom('Ann "A"', 'Anna'), { nil: undefined }),
    groups: fc.option(fc.constantFrom(['g1'], ['g3', 'g1'], []), { nil: undefined }),
    iat,
  })
  .map((each) => definedOnly(each) as CallerProfile);

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({
        user,
        // More than one user may have.
        source: fc.integer({ min: 0, max: 9 }).map((n) => `s${n}`),
        claim: fc.option(
          fc.record({
            status: fc.constantFrom('online' as const, 'away' as const, 'busy' as const),
            priority: fc.constantFrom(0, 50, 100, 200),
            text: fc.option(fc.constantFrom('call', 'ünïcode'), { nil: undefined }),
            until: fc.option(fc.integer({ min: 1, max: 12_000 }), { nil: undefined }),
            from: fc.option(fc.integer({ min: 1, max: 9000 }), { nil: undefined, freq: 3 }),
            leaseMs: fc.option(fc.constantFrom(1000, 4000), { nil: undefined, freq: 2 }),
          }),
          { nil: null, freq: 4 },
        ),
        at: fc.option(fc.constantFrom(-3_600_001, -500, 0, 1000, 5000), { nil: undefined, freq: 2 }),
      })
      .map(
        ({ user, source, claim, at }): Step => ({
          kind: 'service',
          user,
          source,
          at: at === undefined ? undefined : EPOCH + at,
          claim:
            claim &&
            (definedOnly({
              ...{ ...claim, ...ending(claim.until) },
              from: claim.from && EPOCH + claim.from,
              at: at === undefined ? undefined : EPOCH + at,
            }) as ServiceClaim),
        }),
      ),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        user,
        id: fc.integer({ min: 0, max: 17 }).map((n) => (n < 8 ? 'phone' : `"${n}"`)),
        ttlMs: fc.integer({ min: 500, max: 9000 }),
        activity: fc.constantFrom(undefined, undefined, 'active' as const, 'idle' as const),
        device: fc.constantFrom(...DEVICES),
        profile,
      })
      .map(
        ({ user, id, profile, ...session }): Step => ({
          kind: 'session',
          user,
          id,
          profile,
          session: definedOnly(session) as SessionRequest,
        }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('regroup' as const),
      user,
      groups: fc.constantFrom(['g1'], ['g3', 'g1'], []),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ user, note: noteOf }).map(
      ({ user, note }): Step => ({
        kind: 'note',
        user,
        note: definedOnly({ ...note, ...ending(note.until) }) as NoteRequest,
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('goodbye' as const),
      user,
      id: fc.constantFrom('phone', '"9"'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('touch' as const), user, profile }) },
  { weight: 3, arbitrary: placeSteps(user) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      user,
      how: fc.constantFrom('logout' as const, 'disconnect' as const, 'revoke' as const, 'forget' as const),
      before: fc.option(fc.integer({ min: -9_000, max: 5_000 }), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('disconnect' as const),
      user,
      device: fc.constantFrom(...DEVICES),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('refuse' as const),
      user,
      after: fc.integer({ min: -POLICY.revocationMs / 1000 - 2, max: 5 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 4000 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('sweep' as const) }) },
  {
    weight: 2,
    arbitrary: fc
      .record({ kind: fc.constant('claim' as const), user, claim: claimOf })
      .map(({ kind, user, claim }) => ({
        kind,
        user,
        claim: definedOnly({
          ...claim,
          ...(claim.until !== undefined && { until: EPOCH + claim.until }),
        }) as ClaimRequest,
      })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('repair' as const),
      user,
      status: statuses,
      ahead: fc.integer({ min: -5_000_000, max: 5_000_000 }),
      note: fc.option(fc.constant({ text: 'restored', until: EPOCH + 9000 }), { nil: undefined }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc
      .record({
        node: fc.constantFrom(...NODES),
        user,
        count: fc.integer({ min: 0, max: 3 }),
        activeAgo: fc.constantFrom(-1, 0, 500, 2999, 3000, 8000),
        idle: fc.boolean(),
        openedIdle: fc.boolean(),
        isRevoked: fc.boolean(),
        openedAgo: fc.constantFrom(0, 100, 2500, 6000),
        closedAgo: fc.constantFrom(-1, -1, 0, 50, 900, 1500),
        watchedAgo: fc.option(fc.constantFrom(0, 100, 6000), { nil: undefined, freq: 2 }),
        graceMs: fc.constantFrom(1000, 3000),
        devices: fc.subarray([...DEVICES] as Device[], { minLength: 1 }),
        idleDevices: fc.option(fc.subarray([...DEVICES] as Device[], { minLength: 1 }), { nil: undefined }),
        name: fc.option(fc.constantFrom('Ann "A"', 'Bob'), { nil: undefined }),
        groups: fc.option(fc.constantFrom(['g1'], ['g "2"', 'g1'], ['g1', 'g "2"', 'g3'], []), {
          nil: undefined,
        }),
        iat,
        oldestIat: fc.option(iat, { nil: undefined }),
        nameIat: fc.option(iat, { nil: undefined }),
        groupsIat: fc.option(iat, { nil: undefined }),
        claim: fc.option(claimOf, { nil: undefined }),
        note: fc.option(noteOf, { nil: undefined }),
        stampAgo: fc.option(fc.integer({ min: -500, max: 3000 }), { nil: undefined }),
        knows: fc.boolean(),
        ahead: fc.option(fc.integer({ min: 1, max: 2_000_000 }), { nil: undefined, freq: 4 }),
        status: statuses,
        places: drawnReports,
      })
      .map(
        ({ node, stampAgo, knows, ahead, status, places, claim, note, ...entry }): Step => ({
          kind: 'tell',
          node,
          stampAgo: claim || note ? (stampAgo ?? 0) : undefined,
          knows,
          ahead,
          status,
          places,
          entry: definedOnly({
            ...entry,
            note: note && definedOnly({ ...note, ...ending(note.until), stamp: 0 }),
            claim:
              claim &&
              definedOnly({
                ...claim,
                ...(claim.until !== undefined && { until: EPOCH + claim.until }),
                stamp: 0,
              }),
          }) as unknown as Omit<Entry, 'tenant'>,
        }),
      ),
  },
);
