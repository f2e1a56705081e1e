import type { LogEntry } from '../../src/store/log-entry.ts';
import type { Entry, PlaceAnswer, PlaceReport } from '../../src/store/port/reports.ts';
import { POLICY } from '../support/frozen-stores.ts';
import { entryOf } from '../support/raw-store.ts';
import type { Stored, Subject } from './both-stores.ts';

/** What one connection, in a place since now, lets its node report. */
export const inPlace = (place: string, more: Partial<PlaceReport> = {}): PlaceReport => ({
  place,
  enteredAgo: 0,
  issued: 0,
  ...more,
});

/** The connection is in it no more. */
export const outOf = (place: string, more: Partial<PlaceReport> = {}): PlaceReport => ({
  place,
  enteredAgo: -1,
  issued: 0,
  ...more,
});

/** A node reports its user with these places. */
export const says = (
  both: Subject,
  node: string,
  user: string,
  places: readonly PlaceReport[],
  more: Partial<Entry> = {},
): Promise<Stored[]> =>
  both.tell(node, entryOf(user, { activeAgo: 0, graceMs: POLICY.graceMs, ...more, places }));

/** What the node is answered of its one entry. */
export const answered = (replies: readonly Stored[]): readonly PlaceAnswer[] =>
  replies[0]?.places?.get(0) ?? [];

/** User, change, data and reason of everything recorded in a place. */
export const happened = (entries: readonly LogEntry[], place = 'doc'): string[] =>
  entries.flatMap((entry) => {
    if (entry.kind !== 'place' || entry.place.place !== place) return [];
    const { user, change, data, reason } = entry.place;
    return [[user, change, data, reason].filter((each) => each !== undefined).join(' ')];
  });
