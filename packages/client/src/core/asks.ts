import { idOf, type Key, type Kind, kindOf, sizeOf } from './keys.ts';
import type { Want } from './state.ts';
import type { Turn } from './turn.ts';

/** Most ids of one frame. */
const MAX_IDS = 500;
/** For the answer to a `watch`, ms. */
const ANSWER_MS = 10_000;
/** What could not be answered is asked for again after so long, random, ms. */
const AGAIN_MS = [1_000, 3_000] as const;
/** Most frames a second once the burst is used up. */
const MAX_RATE = 10;

const FIELDS: Readonly<Record<string, string>> = { u: 'users', g: 'groups', p: 'places' };

/** The fields of a frame that names these keys, which are of one kind. */
const fieldsOf = (kind: Kind, keys: readonly Key[], top: number): object => ({
  ...(kind.endsWith('t') ? { tenant: true } : { [FIELDS[kind.replace('#', '')] ?? '']: keys.map(idOf) }),
  ...(top > 0 && { top }),
  ...(kind.startsWith('#') && { count: true }),
});

/** What is asked of a place: everybody (0) when one reference wants that, else the longest list. */
export const topOf = ({ tops }: Want): number => (tops.includes(0) ? 0 : Math.max(0, ...tops));

/** Splits into frames of one kind each, small enough for any deployment. */
const chunksOf = (
  turn: Turn,
  keys: Iterable<Key>,
): { readonly keys: Key[]; readonly kind: Kind; readonly top: number }[] => {
  const { wants, chunkBytes, welcome } = turn.state;
  const most = Math.min(chunkBytes, (welcome?.limits.frameBytes ?? chunkBytes) * 0.75);
  const open = new Map<string, { keys: Key[]; kind: Kind; top: number; bytes: number }>();
  const chunks: { keys: Key[]; kind: Kind; top: number; bytes: number }[] = [];
  for (const key of keys) {
    const kind = kindOf(key);
    const want = wants.get(key);
    const top = kind === 'p' && want ? topOf(want) : 0;
    const bytes = sizeOf(key);
    let chunk = open.get(kind + top);
    if (!chunk || chunk.bytes + bytes > most || chunk.keys.length >= MAX_IDS) {
      chunk = { keys: [], kind, top, bytes: 0 };
      chunks.push(chunk);
      open.set(kind + top, chunk);
    }
    chunk.keys.push(key);
    chunk.bytes += bytes;
  }
  return chunks;
};

/** Frames that may be sent now, after what has come back since. */
const refill = (turn: Turn): { readonly tokens: number; readonly rate: number } => {
  const { pace, welcome } = turn.state;
  const { frameRate = MAX_RATE, frameBurst = MAX_RATE } = welcome?.limits ?? {};
  // Half of what the service takes: other frames need some, too.
  const rate = Math.max(1, Math.min(MAX_RATE, frameRate / 2));
  const most = Math.max(1, Math.min(30, frameBurst / 2));
  const tokens = Math.min(most, pace.tokens + ((turn.now - pace.at) / 1_000) * rate);
  turn.state.pace = { tokens, at: turn.now };
  return { tokens, rate };
};

/** What came of a snapshot that was never complete is of no use to the next one. */
const dropPart = (turn: Turn, key: Key): void => {
  const crowd = turn.state.crowds.get(key);
  if (crowd?.next) {
    const { next: _next, ...rest } = crowd;
    turn.map('crowds').set(key, rest);
  }
  const room = kindOf(key) === 'p' ? turn.state.rooms.get(idOf(key)) : undefined;
  if (room?.next) {
    const { next: _next, ...rest } = room;
    turn.map('rooms').set(idOf(key), rest);
  }
};

const send = (turn: Turn, kind: Kind, keys: readonly Key[], top: number): void => {
  const ref = turn.ref();
  const due = turn.now + ANSWER_MS;
  turn.map('asks').set(ref, { keys, due });
  turn.sooner('asks', due);
  for (const key of keys) {
    turn.set('fresh').delete(key);
    const want = turn.state.wants.get(key);
    if (want) turn.map('wants').set(key, { ...want, phase: 'asked' });
    dropPart(turn, key);
  }
  turn.send({ type: 'watch', ...fieldsOf(kind, keys, top), ref });
};

/** Asks for what is wanted and was not asked for, as far as the service takes frames now. */
export const ask = (turn: Turn): void => {
  if (!turn.isUp || turn.state.fresh.size === 0) return;
  for (const { kind, keys, top } of chunksOf(turn, turn.state.fresh)) {
    const { tokens, rate } = refill(turn);
    if (tokens < 1) {
      turn.later('pace', turn.now + Math.ceil(((1 - tokens) / rate) * 1_000));
      return;
    }
    send(turn, kind, keys, top);
  }
};

/** Asks for one half and then the other: a refusal does not say which of them is meant. */
export const halve = (turn: Turn, keys: readonly Key[]): void => {
  const [key] = keys;
  if (key === undefined) return;
  const kind = kindOf(key);
  const want = turn.state.wants.get(key);
  const top = kind === 'p' && want ? topOf(want) : 0;
  const middle = Math.ceil(keys.length / 2);
  for (const half of [keys.slice(0, middle), keys.slice(middle)]) send(turn, kind, half, top);
};

export const unwatch = (turn: Turn, keys: readonly Key[]): void => {
  for (const { kind, keys: some } of chunksOf(turn, keys))
    turn.send({ type: 'unwatch', ...fieldsOf(kind, some, 0) });
};

/** Asks again after a while: the answer is not known now, or did not come. */
export const askLater = (turn: Turn, keys: readonly Key[]): void => {
  for (const key of keys) {
    const want = turn.state.wants.get(key);
    if (want?.phase !== 'asked') continue;
    turn.map('wants').set(key, { ...want, phase: 'new' });
    turn.set('again').add(key);
  }
  turn.sooner('again', turn.now + turn.between(...AGAIN_MS));
};

export const againDue = (turn: Turn): void => {
  for (const key of turn.state.again) turn.set('fresh').add(key);
  turn.state.again = new Set();
  ask(turn);
};

export const asksDue = (turn: Turn): void => {
  for (const [ref, { keys, due }] of turn.state.asks) {
    if (due > turn.now) turn.sooner('asks', due);
    else {
      turn.map('asks').delete(ref);
      askLater(turn, keys);
    }
  }
};
