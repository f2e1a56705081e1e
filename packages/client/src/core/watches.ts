import { RollcallError } from '../errors.ts';
import type { Unknown } from '../types.ts';
import { ask, topOf, unwatch } from './asks.ts';
import type { Wish } from './effect.ts';
import { idOf, isId, type Key, kindOf } from './keys.ts';
import type { Want } from './state.ts';
import type { Turn } from './turn.ts';
import { forgetKey } from './views.ts';

const NEW: Want = { refs: 0, phase: 'new', ready: [], tops: [] };

const putWant = (turn: Turn, key: Key, change: Partial<Want>): void => {
  const held = turn.state.wants.get(key);
  if (held) turn.map('wants').set(key, { ...held, ...change });
};

const isCrowd = (key: Key): boolean => kindOf(key) === 'g' || kindOf(key) === 't';

const first = (turn: Turn, key: Key): Want => {
  if (kindOf(key).endsWith('t') || isId(idOf(key))) {
    turn.set('fresh').add(key);
    if (isCrowd(key)) turn.map('crowds').set(key, { epoch: 0 });
    return NEW;
  }
  return { ...NEW, phase: 'refused', why: 'invalid' };
};

const take = (turn: Turn, { key, top, id }: Wish): void => {
  const { wants, readies } = turn.state;
  const held = wants.get(key) ?? first(turn, key);
  const tops = [...held.tops, top];
  const isMore = kindOf(key) === 'p' && held.refs > 0 && topOf({ ...held, tops }) !== topOf(held);
  const phase = isMore && held.phase !== 'refused' ? 'new' : held.phase;
  if (isMore && phase === 'new') turn.set('fresh').add(key);
  const waits = phase === 'new' || phase === 'asked';
  const ready = readies.get(id) ?? { left: 0 };
  turn.map('readies').set(id, {
    ...ready,
    left: ready.left + (waits ? 1 : 0),
    ...(phase === 'refused' && { error: refusal(held.why) }),
  });
  turn.map('wants').set(key, {
    ...held,
    phase,
    refs: held.refs + 1,
    ready: waits ? [...held.ready, id] : held.ready,
    tops,
  });
  if (turn.state.lingering.has(key)) turn.map('lingering').delete(key);
  turn.topics.add(key);
};

const refusal = (why: Unknown = 'invalid', message?: string): RollcallError =>
  new RollcallError(why === 'loading' || why === 'unwatched' ? 'invalid' : why, message);

/** Settles a watch for which nothing is left to come. */
const settleReady = (turn: Turn, id: number): void => {
  const ready = turn.state.readies.get(id);
  if (ready?.left !== 0) return;
  turn.map('readies').delete(id);
  turn.settle([id], ready.error);
};

/** A key was answered, one way or the other. */
const settleKey = (turn: Turn, want: Want, error?: RollcallError): void => {
  for (const id of want.ready) {
    const ready = turn.state.readies.get(id);
    if (!ready) continue;
    turn.map('readies').set(id, { ...ready, left: ready.left - 1, ...(error && { error }) });
    settleReady(turn, id);
  }
};

export const held = (turn: Turn, keys: readonly Key[]): void => {
  for (const key of keys) {
    const want = turn.state.wants.get(key);
    if (want?.phase !== 'asked') continue;
    const { why: _why, ...rest } = want;
    turn.map('wants').set(key, { ...rest, phase: 'held', ready: [] });
    turn.topics.add(key);
    settleKey(turn, want);
  }
};

/** Not shown to this client, and not asked for again before a new token or a new connection. */
export const refuse = (turn: Turn, keys: readonly Key[], why: Unknown, message?: string): void => {
  for (const key of keys) {
    const want = turn.state.wants.get(key);
    if (!want) continue;
    putWant(turn, key, { phase: 'refused', why, ready: [] });
    turn.topics.add(key);
    settleKey(turn, want, refusal(why, message));
  }
};

const give = (turn: Turn, { key, top, id }: Wish): void => {
  const want = turn.state.wants.get(key);
  if (turn.state.readies.has(id)) {
    turn.map('readies').delete(id);
    turn.fail([id], 'closed');
  }
  if (!want) return;
  const index = want.tops.indexOf(top);
  const refs = want.refs - 1;
  putWant(turn, key, {
    refs,
    tops: want.tops.filter((_, i) => i !== index),
    ready: want.ready.filter((one) => one !== id),
  });
  if (refs > 0) return;
  if (!turn.isUp) {
    forgetKeys(turn, [key]);
    return;
  }
  const until = turn.now + turn.state.config.lingerMs;
  turn.map('lingering').set(key, until);
  turn.sooner('linger', until);
};

const forgetKeys = (turn: Turn, keys: readonly Key[]): void => {
  const known = keys.filter((key) => ['asked', 'held'].includes(turn.state.wants.get(key)?.phase ?? ''));
  if (turn.isUp) unwatch(turn, known);
  for (const key of keys) {
    turn.map('wants').delete(key);
    turn.set('fresh').delete(key);
    turn.set('again').delete(key);
    forgetKey(turn, key);
    turn.topics.add(key);
  }
};

/** Watches that begin and end, those of one moment together: what begins again in it never ended. */
export const wish = (turn: Turn, takes: readonly Wish[], gives: readonly Wish[]): void => {
  for (const one of takes) take(turn, one);
  for (const { id } of takes) settleReady(turn, id);
  for (const one of gives) give(turn, one);
  ask(turn);
};

export const lingerDue = (turn: Turn): void => {
  const over: Key[] = [];
  for (const [key, until] of turn.state.lingering) {
    if (until <= turn.now) over.push(key);
    else turn.sooner('linger', until);
  }
  for (const key of over) turn.map('lingering').delete(key);
  forgetKeys(turn, over);
};

/** Asks again for what was refused: a new token may allow it. On a new connection for everything. */
export const askAgainAll = (turn: Turn, isRenewal: boolean): void => {
  if (!isRenewal) {
    turn.state.asks = new Map();
    turn.state.again = new Set();
    const over = [...turn.state.lingering.keys()];
    turn.state.lingering = new Map();
    // Before anything was asked on it: this connection knows of none of them.
    for (const key of over) putWant(turn, key, { phase: 'new' });
    forgetKeys(turn, over);
    const { frameBurst } = turn.state.welcome?.limits ?? { frameBurst: 2 };
    turn.state.pace = { tokens: Math.max(1, Math.min(30, frameBurst / 2)), at: turn.now };
  }
  for (const [key, { phase, why }] of turn.state.wants) {
    if (why === 'invalid' || (isRenewal && phase !== 'refused')) continue;
    putWant(turn, key, { phase: 'new' });
    turn.set('fresh').add(key);
  }
  ask(turn);
};

/** Nothing is known of what is wanted: it is of another person. */
export const wantAllAgain = (turn: Turn): void => {
  for (const [key, { why: _why, ...want }] of turn.state.wants)
    if (_why !== 'invalid') turn.map('wants').set(key, { ...want, phase: 'new' });
  for (const key of turn.state.crowds.keys()) turn.map('crowds').set(key, { epoch: 0 });
};

/** The client stops: what is awaited will not come. Watches stay, for the next `connect`. */
export const refuseWatches = (turn: Turn): void => {
  turn.fail([...turn.state.readies.keys()], 'closed');
  turn.state.readies = new Map();
  for (const key of turn.state.wants.keys()) putWant(turn, key, { ready: [] });
  forgetKeys(turn, [...turn.state.lingering.keys()]);
  turn.state.lingering = new Map();
};
