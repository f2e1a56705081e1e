import type { HybridMicros, StoreMs } from './clock.ts';
import {
  MAX_PLACE_DATA,
  MAX_PLACE_PARTS,
  MAX_PLACES,
  type Part,
  type PlaceGrace,
  type PlaceReason,
  type Stay,
} from './place.ts';
import type { Row } from './row.ts';

/** One user in one place: what follows from the parts alone, and how these change. */

const emptyStay = (): Stay => ({ nodes: new Map(), sessions: new Map(), since: 0, ver: 0 });

/** The stay in a place; a new one where there was none. */
export const openStay = (row: Row, place: string): Stay => {
  const known = row.places.get(place);
  if (known !== undefined) return known;
  const stay = emptyStay();
  row.places.set(place, stay);
  return stay;
};

/** Whether the user is in the place, shown or not. */
export const isIn = ({ nodes, sessions, grace }: Stay): boolean =>
  nodes.size > 0 || sessions.size > 0 || grace !== undefined;

/** Up to when closes start no grace. */
export const settledAt = (stay: Stay): StoreMs => {
  let newest = stay.settledAt ?? 0;
  for (const { enteredAt } of stay.nodes.values()) newest = Math.max(newest, enteredAt);
  for (const { enteredAt } of stay.sessions.values()) newest = Math.max(newest, enteredAt);
  return newest;
};

/** The data that counts: of the parts that live, and of the grace, what was said last. */
export const newestData = (
  stay: Stay,
): { readonly data?: string | undefined; readonly stamp: HybridMicros } => {
  let newest: Pick<Part, 'data' | 'stamp'> = stay.grace ?? { stamp: 0 };
  for (const part of stay.nodes.values()) if (part.stamp > newest.stamp) newest = part;
  for (const part of stay.sessions.values()) if (part.stamp > newest.stamp) newest = part;
  return newest;
};

const bytesOf = (data: string | undefined): number => (data === undefined ? 0 : Buffer.byteLength(data));

/** Whether a new or changed part fits in what one user may have in places. */
export const hasRoom = (
  row: Row,
  place: string,
  prior: Part | undefined,
  { data }: Pick<Part, 'data'>,
): boolean => {
  const more = bytesOf(data) - bytesOf(prior?.data);
  if (prior !== undefined && more <= 0) return true;
  let [places, parts, bytes] = [0, prior === undefined ? 1 : 0, more];
  for (const [other, stay] of row.places) {
    if (other !== place && isIn(stay)) places += 1;
    bytes += bytesOf(stay.grace?.data);
    for (const part of [...stay.nodes.values(), ...stay.sessions.values()]) {
      parts += 1;
      bytes += bytesOf(part.data);
    }
  }
  return places < MAX_PLACES && parts <= MAX_PLACE_PARTS && bytes <= MAX_PLACE_DATA;
};

/** The user is in the place by this part; an entering not older than the grace ends it. */
export const putPart = (stay: Stay, parts: Map<string, Part>, id: string, part: Part): void => {
  if (!isIn(stay)) stay.why = 'enter';
  const prior = parts.get(id);
  if (prior !== undefined && prior.enteredAt > part.enteredAt) settle(stay, prior.enteredAt);
  parts.set(id, part);
  if (stay.grace !== undefined && part.enteredAt >= stay.grace.startedAt) stay.grace = undefined;
};

/** The user is no longer in the place by this part. @returns the part, if there was one. */
export const dropPart = (
  stay: Stay,
  parts: Map<string, Part>,
  id: string,
  why: PlaceReason,
): Part | undefined => {
  const prior = parts.get(id);
  if (prior === undefined) return undefined;
  parts.delete(id);
  settle(stay, prior.enteredAt);
  stay.why = why;
  return prior;
};

/** Closes up to a moment start no grace any more. */
const settle = (stay: Stay, at: StoreMs): void => {
  stay.settledAt = Math.max(stay.settledAt ?? 0, at);
};

/** The person said that they leave: this ends graces that began before. */
export const endPlaceGrace = (stay: Stay, at: StoreMs): void => {
  settle(stay, at);
  if (stay.grace === undefined || at < stay.grace.startedAt) return;
  stay.grace = undefined;
  stay.why = 'leave';
};

/** Several closes make one grace, in whichever order they are reported: it runs to the latest end, with the newest data. */
export const joinPlaceGrace = (stay: Stay, grace: PlaceGrace): void => {
  const { grace: other = grace } = stay;
  const newest = grace.startedAt > other.startedAt ? grace : other;
  const { data, stamp } = grace.stamp > other.stamp ? grace : other;
  const ends = Math.max(grace.startedAt + grace.durationMs, other.startedAt + other.durationMs);
  stay.grace = {
    startedAt: newest.startedAt,
    durationMs: ends - newest.startedAt,
    nodeLost: newest.nodeLost,
    data,
    stamp,
  };
};
