import { RollcallError } from '../errors.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import type { CountFrame, PlaceFrame, ServerFrame } from '../protocol/frames.ts';
import { acknowledged } from './acks.ts';
import { ask, askLater, halve } from './asks.ts';
import { toldToReconnect, welcomed } from './dial.ts';
import { countKey, type Key, keyOf, kindOf, TENANT } from './keys.ts';
import { heardSomething } from './liveness.ts';
import { degraded } from './memory.ts';
import { count, place, placeComplete } from './rooms.ts';
import { renewalRefused } from './sign-in.ts';
import type { Ask } from './state.ts';
import { endStays } from './stays.ts';
import type { Turn } from './turn.ts';
import { heardTyping } from './typing.ts';
import { crowdComplete, crowdGone, members, presence, usersGone } from './views.ts';
import { held, refuse } from './watches.ts';

type Frame<Type extends ServerFrame['type']> = Extract<ServerFrame, { readonly type: Type }>;

const takeAsk = (turn: Turn, ref: string | undefined): Ask | undefined => {
  const found = ref === undefined ? undefined : turn.state.asks.get(ref);
  if (found) turn.map('asks').delete(ref as string);
  return found;
};

const isCrowd = (key: Key): boolean => kindOf(key) === 'g' || kindOf(key) === 't';

/** Of which watched group, or tenant, a snapshot is. A service that does not say it answers for the only one asked for. */
const crowdOf = (frame: Frame<'presence'>, asked: Ask | undefined): Key | undefined => {
  if (frame.group !== undefined) return keyOf({ group: frame.group });
  const [key] = asked?.keys ?? [];
  return asked?.keys.length === 1 && key !== undefined && isCrowd(key) ? key : undefined;
};

const takePresence = (turn: Turn, frame: Frame<'presence'>): void => {
  const asked = frame.ref === undefined ? undefined : turn.state.asks.get(frame.ref);
  const isSnapshot = frame.snapshot === true;
  presence(turn, frame.users, isSnapshot, isSnapshot ? crowdOf(frame, asked) : undefined);
  if (!isSnapshot || frame.more || !asked) return;
  takeAsk(turn, frame.ref);
  // An older service does not know numbers, and answers with people.
  if (asked.keys.some((key) => kindOf(key).startsWith('#'))) {
    refuse(turn, asked.keys, 'unsupported');
    return;
  }
  for (const key of asked.keys) if (isCrowd(key)) crowdComplete(turn, key);
  held(turn, asked.keys);
};

/** The last frame of a place has no `more`; it completes those named before it, too. */
const takePlace = (turn: Turn, frame: PlaceFrame): void => {
  place(turn, frame);
  const asked = frame.ref === undefined ? undefined : turn.state.asks.get(frame.ref);
  if (!frame.snapshot || frame.more || !asked) return;
  const done = asked.keys.filter(
    (key) => turn.state.wants.get(key)?.phase === 'asked' && turn.state.rooms.get(key.slice(2))?.next,
  );
  for (const key of done) placeComplete(turn, key.slice(2));
  held(turn, done);
  if (asked.keys.every((key) => turn.state.wants.get(key)?.phase !== 'asked')) takeAsk(turn, frame.ref);
};

const takeCount = (turn: Turn, frame: CountFrame): void => {
  count(turn, frame);
  held(turn, [countKey(frame.of)]);
  const asked = frame.ref === undefined ? undefined : turn.state.asks.get(frame.ref);
  if (asked?.keys.every((key) => turn.state.wants.get(key)?.phase !== 'asked')) takeAsk(turn, frame.ref);
};

const takeGone = (turn: Turn, frame: Frame<'gone'>): void => {
  const { users = [], groups = [], places = [], tenant } = frame;
  const crowds = [...groups.map((group) => keyOf({ group })), ...(tenant ? [TENANT] : [])];
  const rooms = places.map((id) => keyOf({ place: id }));
  for (const id of places) turn.map('rooms').delete(id);
  usersGone(turn, users);
  for (const key of crowds) crowdGone(turn, key);
  const numbers = [...crowds, ...rooms].map((key) => `#${key}` as Key);
  for (const key of numbers) turn.map('counts').delete(key);
  refuse(turn, [...users.map((user) => keyOf({ user })), ...crowds, ...rooms, ...numbers], 'gone');
  endStays(turn, places, 'gone');
};

/** Errors that say of each of what was asked for whether it is allowed; the others are of the frame as a whole. */
const SINGLES: readonly ErrorCode[] = ['forbidden', 'too_many_watches'];
const PASSING: readonly ErrorCode[] = ['unavailable', 'rate_limited'];

const refuseAsk = (turn: Turn, { keys }: Ask, frame: Frame<'error'>): void => {
  const { code, message, users = [], groups = [], places = [] } = frame;
  if (PASSING.includes(code)) {
    askLater(turn, keys);
    return;
  }
  const why = code === 'forbidden' || code === 'too_many_watches' ? code : 'invalid';
  const named = new Set([
    ...users.map((user) => keyOf({ user })),
    ...[...groups.map((group) => keyOf({ group })), ...places.map((id) => keyOf({ place: id }))].flatMap(
      (key) => [key, `#${key}` as Key],
    ),
  ]);
  const refused = keys.filter((key) => named.has(key));
  if (refused.length > 0) {
    refuse(turn, refused, why, message);
    for (const key of keys) if (!named.has(key) && turn.state.wants.has(key)) turn.set('fresh').add(key);
    ask(turn);
    return;
  }
  if (SINGLES.includes(code) && keys.length > 1) {
    halve(turn, keys);
    return;
  }
  const isNew = keys.some((key) => kindOf(key) === 'p' || kindOf(key).startsWith('#'));
  refuse(turn, keys, why === 'invalid' && isNew ? 'unsupported' : why, message);
};

const takeError = (turn: Turn, frame: Frame<'error'>): void => {
  const { renewing } = turn.state.token;
  if (renewing && frame.ref === renewing.ref) {
    renewalRefused(turn, frame.code);
    return;
  }
  const asked = takeAsk(turn, frame.ref);
  if (asked) {
    refuseAsk(turn, asked, frame);
    return;
  }
  if (!acknowledged(turn, frame.ref, frame)) turn.tell(new RollcallError(frame.code, frame.message));
};

const takeTyping = (turn: Turn, { from, group, place: id, on }: Frame<'typing'>): void => {
  const of = group !== undefined ? { group } : id !== undefined ? { place: id } : { user: from };
  heardTyping(turn, keyOf(of), from, on);
};

/** One frame of the service. What this version does not know is ignored. */
export const frame = (turn: Turn, one: ServerFrame): void => {
  if (one.type === 'welcome' && turn.state.link.at === 'dialling') {
    welcomed(turn, one);
    return;
  }
  // Before `welcome` nothing else counts; behind a goodbye neither.
  if (!turn.isUp) return;
  heardSomething(turn);
  switch (one.type) {
    case 'welcome':
      welcomed(turn, one);
      return;
    case 'presence':
      takePresence(turn, one);
      return;
    case 'members':
      members(turn, one);
      return;
    case 'place':
      takePlace(turn, one);
      return;
    case 'count':
      takeCount(turn, one);
      return;
    case 'gone':
      takeGone(turn, one);
      return;
    case 'typing':
      takeTyping(turn, one);
      return;
    case 'ack':
      acknowledged(turn, one.ref);
      return;
    case 'error':
      takeError(turn, one);
      return;
    case 'self': {
      const { type: _type, ...self } = one;
      turn.state.self = Object.freeze(self);
      turn.topics.add('self');
      return;
    }
    case 'reconnect':
      toldToReconnect(turn, one.afterMs);
      return;
    case 'degraded':
      degraded(turn, one.on);
      return;
  }
};
