import { RollcallError } from '../errors.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import type { PlaceData } from '../types.ts';
import { awaitAnswer } from './answers.ts';
import { isId } from './keys.ts';
import type { Pending, Stay } from './state.ts';
import type { Turn } from './turn.ts';

/** The service shows data of one member 5 times a second; more often they are not sent, ms. */
const GAP_MS = 200;
/** A refusal that may pass is tried again after so long, random, ms. */
const AGAIN_MS = [1_000, 3_000] as const;
const PASSING: readonly string[] = ['unavailable', 'rate_limited'];

const put = (turn: Turn, place: string, stay: Stay, change: Partial<Stay>): void => {
  turn.map('stays').set(place, { ...stay, ...change });
};

/** Sends what the service does not have yet: one frame at a time, the newest data. */
const sync = (turn: Turn, place: string): void => {
  const stay = turn.state.stays.get(place);
  if (!stay || !turn.isUp || stay.inFlight || stay.refused || stay.sent >= stay.version) return;
  if (turn.now < stay.nextAt) {
    turn.sooner('places', stay.nextAt);
    return;
  }
  const { data, version } = stay;
  put(turn, place, stay, { inFlight: true, sent: version, nextAt: turn.now + GAP_MS });
  const frame = { type: 'enter', place, ...(data !== undefined && { data }) };
  awaitAnswer(turn, frame, { what: 'enter', place, version });
};

/** @param isUpdate - of a stay that there is, or nothing. */
export const enter = (
  turn: Turn,
  place: string,
  data: PlaceData | undefined,
  id: number,
  isUpdate: boolean,
): void => {
  const { stays, noPlaces, link } = turn.state;
  const held = stays.get(place);
  if (held === undefined && isUpdate) {
    turn.fail([id], 'gone');
    return;
  }
  if (!isId(place)) {
    turn.fail([id], 'invalid');
    return;
  }
  const version = (held?.version ?? 0) + 1;
  const isOver = link.at === 'stopped' || link.at === 'leaving';
  put(turn, place, held ?? NEW, {
    refs: (held?.refs ?? 0) + (isUpdate ? 0 : 1),
    data: isUpdate ? data : (data ?? held?.data),
    version,
    // Other data, or another try of the application, may be accepted.
    refused: noPlaces,
    settles: isOver || noPlaces ? [] : [...(held?.settles ?? []), { id, version }],
  });
  if (isOver) {
    turn.fail([id], 'closed');
    return;
  }
  if (noPlaces) {
    turn.fail([id], 'unsupported');
    return;
  }
  sync(turn, place);
};

const NEW: Stay = {
  refs: 0,
  data: undefined,
  version: 0,
  sent: 0,
  inFlight: false,
  nextAt: Number.NEGATIVE_INFINITY,
  refused: false,
  settles: [],
};

const idsOf = (stay: Stay): number[] => stay.settles.map(({ id }) => id);

/** One of those who entered leaves; with the last one, this client. */
export const exit = (turn: Turn, place: string, id: number): void => {
  const stay = turn.state.stays.get(place);
  if (!stay) {
    turn.settle([id]);
    return;
  }
  if (stay.refs > 1) {
    put(turn, place, stay, { refs: stay.refs - 1 });
    turn.settle([id]);
    return;
  }
  turn.map('stays').delete(place);
  turn.fail(idsOf(stay), 'superseded');
  if (!turn.isUp || (stay.sent === 0 && !stay.inFlight)) {
    turn.settle([id]);
    return;
  }
  awaitAnswer(turn, { type: 'leave', place }, { what: 'leave', id });
};

/** A new connection: the service learns of every place again. Within the grace nobody sees it. */
export const enterAgain = (turn: Turn): void => {
  for (const [place, stay] of turn.state.stays) {
    put(turn, place, stay, { sent: stay.version - 1, inFlight: false, refused: false });
    sync(turn, place);
  }
};

export const placesDue = (turn: Turn): void => {
  for (const place of turn.state.stays.keys()) sync(turn, place);
};

/** Their answers will not come. */
export const loseStays = (turn: Turn): void => {
  for (const [place, stay] of turn.state.stays) put(turn, place, stay, { inFlight: false });
};

export const refuseStays = (turn: Turn): void => {
  for (const [place, stay] of turn.state.stays) {
    turn.fail(idsOf(stay), 'closed');
    put(turn, place, stay, { settles: [] });
  }
};

/** Somebody took this person out of places, or it is another person now. */
export const endStays = (turn: Turn, places: Iterable<string>, code: 'gone' | 'closed'): void => {
  for (const place of [...places]) {
    const stay = turn.state.stays.get(place);
    if (!stay) continue;
    turn.map('stays').delete(place);
    turn.fail(idsOf(stay), code);
    if (code === 'gone')
      turn.tell(new RollcallError('gone', `taken out of the place ${JSON.stringify(place)}`));
  }
};

/** An answer to `enter`. */
export const stayAnswered = (
  turn: Turn,
  { place = '', version = 0 }: Pending,
  error?: { readonly code: ErrorCode | 'timeout'; readonly message: string },
): void => {
  const stay = turn.state.stays.get(place);
  if (!stay) return;
  const done = stay.settles.filter((one) => one.version <= version).map(({ id }) => id);
  const settles = stay.settles.filter((one) => one.version > version);
  if (error === undefined) {
    put(turn, place, stay, { inFlight: false, settles });
    turn.settle(done);
    sync(turn, place);
    return;
  }
  if (PASSING.includes(error.code) || error.code === 'timeout') {
    const nextAt = turn.now + turn.between(...AGAIN_MS);
    put(turn, place, stay, { inFlight: false, sent: version - 1, nextAt });
    sync(turn, place);
    return;
  }
  const code = error.code === 'unknown_type' ? 'unsupported' : error.code;
  if (code === 'unsupported') turn.state.noPlaces = true;
  put(turn, place, stay, {
    inFlight: false,
    refused: stay.version === version || turn.state.noPlaces,
    settles,
  });
  turn.settle(done, new RollcallError(code, error.message));
  if (turn.state.noPlaces) refuseAll(turn);
  else sync(turn, place);
};

/** A service that knows no places knows none of the others either, and counts each try as malformed. */
const refuseAll = (turn: Turn): void => {
  for (const [place, stay] of turn.state.stays) {
    turn.fail(idsOf(stay), 'unsupported');
    put(turn, place, stay, { refused: true, settles: [] });
  }
};
