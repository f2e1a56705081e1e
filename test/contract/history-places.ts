import type { PlaceMember } from '../../src/domain/place.ts';
import type { CallerProfile } from '../../src/store/port/people.ts';
import type { PlaceReport } from '../../src/store/port/reports.ts';
import type { PresenceStore } from '../../src/store/presence-store.ts';
import fc from '../support/fast-check.ts';
import { EPOCH } from '../support/frozen-stores.ts';

/** What random histories draw of places. */

const PLACES = ['doc', 'd "2" ü', 'room'] as const;

const place = fc.constantFrom(...PLACES);
const data = fc.option(
  fc.constantFrom('{"n":1}', '{"n":2}', '{"a \\"q\\"":"ü/\\\\"}', `{"x":"${'y'.repeat(5900)}"}`),
  {
    nil: undefined,
  },
);
/** Seconds; a word to put out falls between the later ones. */
const issued = fc.constantFrom(0, 1, EPOCH / 1000 + 1, EPOCH / 1000 + 8, EPOCH / 1000 + 1000);

/** A report whose stamps are so long ago, and whether its node knows what others are shown, or a later version of it. */
export interface DrawnReport {
  readonly report: Omit<PlaceReport, 'known' | 'stamp' | 'closedStamp'>;
  readonly saidAgo: number;
  readonly closedSaidAgo: number;
  readonly knows: boolean;
  readonly ahead: number | undefined;
}

const drawnReport: fc.Arbitrary<DrawnReport> = fc.record({
  report: fc
    .record({
      place,
      enteredAgo: fc.constantFrom(-1, -1, 0, 100, 900, 2500),
      data,
      closedAgo: fc.constantFrom(-1, -1, 0, 50, 900, 3000),
      graceMs: fc.constantFrom(1000, 3000),
      closedData: data,
      leftAgo: fc.constantFrom(-1, -1, -1, 0, 100, 1000),
      issued,
    })
    .map(({ data, closedData, ...same }) => ({
      ...same,
      ...(data !== undefined && { data }),
      ...(closedData !== undefined && { closedData }),
    })),
  saidAgo: fc.integer({ min: -500, max: 3000 }),
  closedSaidAgo: fc.integer({ min: -500, max: 3000 }),
  knows: fc.boolean(),
  ahead: fc.option(fc.integer({ min: 1, max: 2_000_000 }), { nil: undefined, freq: 3 }),
});

/** The places of one entry; mostly none. */
export const drawnReports: fc.Arbitrary<readonly DrawnReport[] | undefined> = fc.option(
  fc.uniqueArray(drawnReport, { maxLength: 3, selector: ({ report }) => report.place }),
  { nil: undefined, freq: 2 },
);

export type PlaceStep =
  | {
      kind: 'enter';
      user: string;
      id: string;
      place: string;
      data: string | undefined;
      profile: CallerProfile;
    }
  | { kind: 'leave'; user: string; id: string; place: string }
  | { kind: 'put_out'; place: string; user: string | undefined };

export const placeSteps = (user: fc.Arbitrary<string>): fc.Arbitrary<PlaceStep> =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('enter' as const),
        user,
        id: fc.constantFrom('phone', '"9"'),
        place,
        data,
        profile: issued.map((iat) => ({ iat })),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('leave' as const),
        user,
        id: fc.constantFrom('phone', '"9"'),
        place,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('put_out' as const),
        place,
        user: fc.option(user, { nil: undefined }),
      }),
    },
  );

const shownIn = async (
  store: PresenceStore,
  tenant: string,
  place: string,
  user: string,
): Promise<PlaceMember | undefined> =>
  (await store.places.members(tenant, place, 100))?.find((member) => member.user === user);

/** The reports as a node would send them at a moment, ms after the epoch. */
export const reportsOf = (
  store: PresenceStore,
  tenant: string,
  user: string,
  drawn: readonly DrawnReport[],
  ms: number,
): Promise<PlaceReport[]> =>
  Promise.all(
    drawn.map(async ({ report, saidAgo, closedSaidAgo, knows, ahead }) => {
      const shown = knows ? await shownIn(store, tenant, report.place, user) : undefined;
      const ver = (shown?.ver ?? (EPOCH + ms) * 1000) + (ahead ?? 0);
      const known = {
        since: shown?.since ?? EPOCH,
        ver,
        ...(shown?.data !== undefined && { data: shown.data }),
      };
      return {
        ...report,
        ...(report.data !== undefined && { stamp: (EPOCH + ms - saidAgo) * 1000 }),
        ...(report.closedData !== undefined && { closedStamp: (EPOCH + ms - closedSaidAgo) * 1000 }),
        ...((shown !== undefined || ahead !== undefined) && knows && { known }),
      };
    }),
  );

/** All that can be read of places. */
export const placeState = async (
  store: PresenceStore,
  tenant: string,
  users: readonly string[],
): Promise<unknown> => ({
  counts: await store.places.counts(tenant, PLACES),
  members: await Promise.all(
    PLACES.map(async (place) =>
      (await store.places.members(tenant, place, 10))?.toSorted((a, b) => (a.user < b.user ? -1 : 1)),
    ),
  ),
  tops: await Promise.all(PLACES.map((place) => store.places.top(tenant, place, 2))),
  pages: await Promise.all(
    PLACES.map(async (place) => {
      const { cursor, ...first } = await store.places.page(tenant, place, 1);
      return [first, cursor && (await store.places.page(tenant, place, 1, cursor)).users];
    }),
  ),
  of: await Promise.all(users.map((user) => store.places.of({ tenant, user }))),
  sessions: await Promise.all(users.map((user) => store.places.ofSession({ tenant, user }, 'phone'))),
});
