import type { HybridMicros, StoreMs } from './clock.ts';
import { refusesToken } from './ending.ts';
import type { Part, PutOut } from './place.ts';
import type { Row } from './row.ts';
import { dropPart, endPlaceGrace, hasRoom, openStay, putPart } from './stay.ts';

/** Why a session does not enter a place. */
export type EnterVerdict = 'entered' | 'not_found' | 'too_many_places' | 'put_out';

/**
 * A session enters a place, or says other data there. @param order - data is stamped as the next moment.
 * @param everybody - when everybody was put out of it.
 */
export const enterBySession = (
  row: Row,
  session: string,
  place: string,
  { enteredAt, data, issued }: Omit<Part, 'stamp'>,
  order: HybridMicros,
  everybody: PutOut | undefined,
): EnterVerdict => {
  if (!row.sessions.has(session)) return 'not_found';
  for (const word of [row.putOut.get(place), everybody])
    if (word !== undefined && refusesToken(word.revoked, issued)) return 'put_out';
  const prior = row.places.get(place)?.sessions.get(session);
  if (!hasRoom(row, place, prior, { data })) return 'too_many_places';
  const stay = openStay(row, place);
  // The same data said again keep their stamp: another connection may have said newer ones.
  const isNews = prior === undefined || prior.data !== data;
  const stamp = isNews ? order + 1 : prior.stamp;
  putPart(stay, stay.sessions, session, { enteredAt, data, stamp: data === undefined ? 0 : stamp, issued });
  return 'entered';
};

/** A session leaves a place. */
export const leaveBySession = (row: Row, session: string, place: string, now: StoreMs): void => {
  const stay = row.places.get(place);
  if (stay === undefined || dropPart(stay, stay.sessions, session, 'leave') === undefined) return;
  endPlaceGrace(stay, now);
};

/** Where a session is. */
export const sessionPlaces = (row: Row, session: string): string[] =>
  [...row.places].filter(([, stay]) => stay.sessions.has(session)).map(([place]) => place);

/** Where others see the user. */
export const placesOf = (row: Row): string[] =>
  [...row.places].filter(([, stay]) => stay.since > 0).map(([place]) => place);
