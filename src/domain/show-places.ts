import { type DayMs, type HybridMicros, type StoreMs, stampedAt } from './clock.ts';
import type { Circumstances } from './evaluate.ts';
import type { Reason } from './model.ts';
import type { PlaceChange, PlaceMember, PlaceReason, PutOut, Stay } from './place.ts';
import { forgetPlacePace, forgetStayPace, placeTurnAt, spendPlace } from './place-damping.ts';
import { endPutOut, putOutUntil } from './put-out.ts';
import { isPresent, type Row } from './row.ts';
import { type LastSeenPrecision, shownActivity } from './show.ts';
import { isIn, newestData } from './stay.ts';

/** The circumstances of the evaluation before, and the reason of the transition that it made. */
export interface PlacesMoment extends Omit<Circumstances, 'before'> {
  readonly reason: Reason | undefined;
}

/** What the store keeps beside the row. */
export interface PlaceBook {
  /**
   * Records a change. @param since - of `left`: when they left.
   * @param replaces - the member's `changed` before it.
   * @returns its version.
   */
  record(
    place: string,
    change: PlaceChange,
    reason: PlaceReason,
    shown: { readonly since: DayMs; readonly data?: string | undefined },
    replaces: HybridMicros | undefined,
  ): HybridMicros;
  /** Lists the user in a place as of `since`, or (0) no longer. */
  list(place: string, since: DayMs): void;
  /** When everybody was put out of a place. */
  putOut(place: string): PutOut | undefined;
}

/** What a loss does not hold back: the person's own word, and an operator's. */
const ON_PURPOSE: ReadonlySet<PlaceReason | undefined> = new Set(['leave', 'goodbye', 'revoked']);
/** How long a node's view of what others were shown may still arrive, ms: as long as fences last. */
const REMEMBERED_MS = 3_600_000;

/**
 * Computes in which places others see a user, drops what time has ended, and records what changed. It follows the
 * evaluation of the status: others see a user in a place only while they see them at all.
 */
export const showPlaces = (row: Row, at: PlacesMoment, book: PlaceBook): void => {
  if (row.places.size === 0 && row.putOut.size === 0 && row.placesLeft === 0) return;
  const { now } = at;
  let next = Number.POSITIVE_INFINITY;
  for (const [place, stay] of row.places) {
    endParts(row, stay, at);
    forgetStayPace(stay, now);
    next = Math.min(next, graceOver(stay, at), showStay(row, place, stay, at, book));
    if (isIn(stay) || stay.since > 0) continue;
    if (stay.fullAt !== undefined) next = Math.min(next, stay.fullAt);
    else {
      row.places.delete(place);
      row.placesLeft = Math.max(row.placesLeft, stay.ver);
    }
  }
  forgetOld(row, now);
  next = Math.min(next, forgetPutOut(row, at));
  if (Number.isFinite(next))
    row.nextDeadline = row.nextDeadline === 0 ? next : Math.min(row.nextDeadline, next);
};

const forgetOld = (row: Row, now: StoreMs): void => {
  forgetPlacePace(row, now);
  if (row.placesLeft > 0 && stampedAt(row.placesLeft, now) + REMEMBERED_MS <= now) row.placesLeft = 0;
};

/** Drops what is no longer remembered. @returns when the next one is not. */
const forgetPutOut = (row: Row, { now, today, policy }: PlacesMoment): StoreMs => {
  let next = Number.POSITIVE_INFINITY;
  for (const [place, word] of row.putOut) {
    const until = putOutUntil(word, policy);
    if (until <= today) row.putOut.delete(place);
    else next = Math.min(next, until + (now - today));
  }
  return next;
};

/** A user is in a place by what is alive of them: other parts end with what they belonged to. */
const endParts = (row: Row, stay: Stay, { now, deliberate, holdUntil, lagMs }: PlacesMoment): void => {
  const word = deliberate === 'goodbye' || deliberate === 'revoked' ? deliberate : undefined;
  for (const node of stay.nodes.keys()) {
    if (row.nodes.has(node)) continue;
    stay.nodes.delete(node);
    stay.why = word ?? 'goodbye';
  }
  for (const id of stay.sessions.keys()) {
    if (row.sessions.has(id)) continue;
    stay.sessions.delete(id);
    stay.why = word ?? 'expired';
  }
  const { grace } = stay;
  if (grace === undefined) return;
  const isOver = holdUntil <= now && grace.startedAt + grace.durationMs + lagMs <= now;
  const isEnded = row.ended !== undefined && grace.startedAt <= Math.floor(row.ended.at / 1000);
  // With nothing alive of the user, no place keeps them.
  const isGone = row.status === 'offline' && !isPresent(row);
  if (!isOver && !isEnded && !isGone) return;
  stay.grace = undefined;
  if (isOver) stay.why = grace.nodeLost ? 'node_lost' : 'disconnect';
  else stay.why = word;
};

/** When time alone may end the grace; `Infinity` without one. */
const graceOver = ({ grace }: Stay, { now, lagMs, lagUntil }: PlacesMoment): StoreMs => {
  if (grace === undefined) return Number.POSITIVE_INFINITY;
  const over = grace.startedAt + grace.durationMs;
  return Math.max(over, Math.min(over + lagMs, lagUntil), now + 1);
};

/** Shows what is to be shown of one stay. @returns until when a change waits; `Infinity` when none does. */
const showStay = (row: Row, place: string, stay: Stay, at: PlacesMoment, book: PlaceBook): StoreMs => {
  if (stay.isRestored === true) {
    book.list(place, stay.since);
    stay.isRestored = undefined;
  }
  const isSeen = row.status !== 'offline';
  const wasIn = stay.since > 0;
  if (!wasIn && isSeen && isIn(stay)) endRefused(row, place, stay, book);
  const change = changeOf(stay, isSeen, wasIn);
  if (change === undefined) {
    stay.why = undefined;
    return Number.POSITIVE_INFINITY;
  }
  const until = waitsUntil(row, stay, change, isSeen, at);
  if (until > at.now) return until;
  const { data } = change === 'left' ? { data: undefined } : newestData(stay);
  const since = change === 'changed' ? stay.since : at.today;
  const replaces = change === 'changed' && stay.isChanged === true ? stay.ver : undefined;
  const ver = book.record(place, change, reasonOf(stay, change, at), { since, data }, replaces);
  if (change !== 'changed') {
    spendPlace(row, stay, at.policy, at.now, ver);
    book.list(place, change === 'left' ? 0 : since);
  }
  stay.since = change === 'left' ? 0 : since;
  stay.ver = ver;
  stay.data = data;
  stay.isChanged = change === 'changed' ? true : undefined;
  stay.why = undefined;
  return Number.POSITIVE_INFINITY;
};

/** Nodes that were not reached yet still report enterings from before everybody, or this user, was put out. */
const endRefused = (row: Row, place: string, stay: Stay, book: PlaceBook): void => {
  for (const word of [row.putOut.get(place), book.putOut(place)])
    if (word !== undefined) endPutOut(stay, word);
};

const changeOf = (stay: Stay, isSeen: boolean, wasIn: boolean): PlaceChange | undefined => {
  const is = isSeen && isIn(stay);
  if (is !== wasIn) return is ? 'entered' : 'left';
  return is && newestData(stay).data !== stay.data ? 'changed' : undefined;
};

/**
 * Until when a change waits; at or below `now` means not at all. After a loss others are shown nothing that the parts not
 * reported yet may contradict. Who is seen no longer leaves at once.
 */
const waitsUntil = (
  row: Row,
  stay: Stay,
  change: PlaceChange,
  isSeen: boolean,
  at: PlacesMoment,
): StoreMs => {
  const { gathering, holdUntil, now, policy } = at;
  if (change === 'left') return isSeen && !ON_PURPOSE.has(stay.why) ? holdUntil : 0;
  if (change === 'entered') return Math.max(gathering ? holdUntil : 0, placeTurnAt(row, stay, policy, now));
  return gathering && newestData(stay).stamp <= stay.ver ? holdUntil : 0;
};

const reasonOf = (stay: Stay, change: PlaceChange, { reason, repair }: PlacesMoment): PlaceReason => {
  if (change === 'changed') return 'data';
  if (change === 'entered') {
    if (repair) return 'resync';
    return stay.why === 'enter' ? 'enter' : (reason ?? 'enter');
  }
  return (isIn(stay) ? undefined : stay.why) ?? reason ?? (repair ? 'resync' : 'disconnect');
};

/** A member of a place as others see them. @param since - exact, of `left` when they left. */
export const memberOf = (
  user: string,
  { name, groups }: Row,
  shown: Pick<Stay, 'since' | 'ver' | 'data'>,
  precision: LastSeenPrecision,
): PlaceMember => ({
  user,
  ...(name !== undefined && { name: name.value }),
  ...(groups !== undefined && { groups: groups.value }),
  ...(shown.data !== undefined && { data: shown.data }),
  since: shownActivity(shown.since, precision) ?? 0,
  ver: shown.ver,
});
