import { type HybridMicros, type StoreMs, toMs } from './clock.ts';
import type { PlaceReason, Stay } from './place.ts';
import type { Row } from './row.ts';
import {
  dropPart,
  endPlaceGrace,
  hasRoom,
  isIn,
  joinPlaceGrace,
  openStay,
  putPart,
  settledAt,
} from './stay.ts';

/** One place as the connections of a user on one node say it, in the store's time. Values are absolute. */
export interface PlaceSaid {
  readonly place: string;
  /** Newest entering of a connection that is in it; 0 for none. */
  readonly enteredAt: StoreMs;
  readonly data?: string | undefined;
  readonly stamp: HybridMicros;
  /** Newest unclean close of one that was in it; 0 for none. */
  readonly closedAt: StoreMs;
  readonly graceMs: number;
  readonly closedData?: string | undefined;
  readonly closedStamp: HybridMicros;
  /** When the person last said that they leave; 0 for never. */
  readonly leftAt: StoreMs;
  readonly issued: number;
  readonly known?: { readonly since: number; readonly ver: HybridMicros; readonly data?: string } | undefined;
}

/**
 * Updates the places of a row from a node's report; `showPlaces` must follow. A place that the node does not name is
 * left.
 * @returns the places that were refused, because the user has as much as one may.
 */
export const absorbPlaces = (
  row: Row,
  node: string,
  said: readonly PlaceSaid[],
  isRevoked: boolean,
  now: StoreMs,
): readonly string[] => {
  const named = new Set(said.map(({ place }) => place));
  const why = isRevoked ? 'revoked' : 'goodbye';
  for (const [place, stay] of row.places) if (!named.has(place)) dropPart(stay, stay.nodes, node, why);
  return said.filter((one) => !absorbPlace(row, node, one, why, now)).map(({ place }) => place);
};

/** @returns `false` where there was no room for it. */
const absorbPlace = (row: Row, node: string, said: PlaceSaid, why: PlaceReason, now: StoreMs): boolean => {
  const { place, enteredAt, leftAt } = said;
  restoreStay(row, said);
  const known = row.places.get(place);
  const endedAt = endedOf(row);
  if (known !== undefined && leftAt > endedAt) endPlaceGrace(known, leftAt);
  const prior = known?.nodes.get(node);
  if (enteredAt > endedAt && row.nodes.has(node)) {
    if (!hasRoom(row, place, prior, said)) return false;
    const stay = openStay(row, place);
    const { data, stamp, issued } = said;
    putPart(stay, stay.nodes, node, { enteredAt, data, stamp, issued });
  } else if (known !== undefined && prior !== undefined) {
    dropPart(known, known.nodes, node, leftAt >= prior.enteredAt ? 'leave' : why);
  }
  const stay = row.places.get(place);
  if (stay !== undefined) startGrace(stay, said, prior !== undefined, endedAt, now);
  return true;
};

/** Up to when everything of the user was ended; 0 for never. */
const endedOf = (row: Row): StoreMs => (row.ended === undefined ? 0 : toMs(row.ended.at));

/**
 * Restores a stay that was lost from what a node saw others being shown, without a frame. Of a user who is not seen,
 * others are shown no place.
 */
const restoreStay = (row: Row, { place, known }: PlaceSaid): void => {
  if (known === undefined || row.status === 'offline') return;
  const shown = row.places.get(place)?.ver ?? 0;
  if (known.ver <= Math.max(shown, row.placesLeft, row.forgotten)) return;
  const stay = openStay(row, place);
  stay.since = known.since > 0 ? known.since : Math.floor(known.ver / 1000);
  stay.ver = known.ver;
  stay.data = known.data;
  stay.isChanged = undefined;
  stay.isRestored = true;
};

/**
 * A close newer than every entering starts or extends the grace. It keeps and never brings back: a report of it that is
 * repeated once it is over changes nothing.
 */
const startGrace = (stay: Stay, said: PlaceSaid, wasIn: boolean, endedAt: StoreMs, now: StoreMs): void => {
  const { closedAt, graceMs, closedData, closedStamp } = said;
  if (closedAt <= Math.max(endedAt, settledAt(stay))) return;
  if (!wasIn && stay.grace === undefined && closedAt + graceMs <= now) return;
  if (!wasIn && !isIn(stay) && stay.since === 0) return;
  joinPlaceGrace(stay, {
    ...{ startedAt: closedAt, durationMs: graceMs, nodeLost: false },
    ...{ data: closedData, stamp: closedStamp },
  });
};

/** What a dead node held: the grace of each place runs from the latest moment at which the node can have died. */
export const losePlaces = (row: Row, node: string, diedBy: StoreMs, graceMs: number): void => {
  for (const stay of row.places.values()) {
    const part = dropPart(stay, stay.nodes, node, 'node_lost');
    if (part === undefined || diedBy <= settledAt(stay)) continue;
    const { data, stamp } = part;
    joinPlaceGrace(stay, { startedAt: diedBy, durationMs: graceMs, nodeLost: true, data, stamp });
  }
};
