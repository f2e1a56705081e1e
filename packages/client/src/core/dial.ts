import { RollcallError } from '../errors.ts';
import type { WelcomeFrame } from '../protocol/frames.ts';
import type { StopReason, Verdict } from '../types.ts';
import { loseAnswers } from './acks.ts';
import { isIdle, welcomedIdle } from './activity.ts';
import { endCheck, heardSomething } from './liveness.ts';
import { forgetPerson, loseSight } from './memory.ts';
import { flushSlots, refuseSlots } from './own.ts';
import { enterAgain, refuseStays } from './stays.ts';
import { askToken, forgetToken, isUsable, tookToken } from './token.ts';
import type { Turn } from './turn.ts';
import { delayOf, stepOf, verdictOf } from './verdict.ts';
import { askAgainAll, refuseWatches } from './watches.ts';

/** For the handshake and `welcome` together, ms. */
const DIAL_MS = 10_000;
/** Close code of a connection that is lost without one. */
const LOST = 1006;
/** After so many dials in a row that never opened, the reason is asked for by HTTP. */
const PROBE_AFTER = 5;
/** How long the end is awaited after a goodbye, ms. */
const GOODBYE_MS = 1_000;
/** A frame was too big: the least that chunks shrink to, bytes. */
const LEAST_CHUNK = 512;
/** No typing is sent for so long after 4429, ms. */
const QUIET_MS = 60_000;

/** Dials with the token held, or asks for one. */
export const begin = (turn: Turn): void => {
  const { token } = turn.state;
  if (token.value !== undefined && isUsable(turn)) {
    dial(turn, token.value);
    return;
  }
  turn.state.link = { at: 'asking' };
  askToken(turn, 'connect');
};

export const dial = (turn: Turn, token: string): void => {
  const idle = isIdle(turn);
  turn.state.epoch += 1;
  turn.state.link = { at: 'dialling', since: turn.now, idle };
  turn.later('dial', turn.now + DIAL_MS);
  turn.do({ do: 'dial', epoch: turn.state.epoch, token, idle });
};

/** The socket is open: with the token in the first frame, that is sent. */
export const opened = (turn: Turn): void => {
  const { link, token, config } = turn.state;
  if (link.at !== 'dialling' || config.auth !== 'frame') return;
  turn.send({ type: 'auth', token: token.value, ...(link.idle && { activity: 'idle' }) });
};

/** `welcome`, of a new connection or of a renewal in place. */
export const welcomed = (turn: Turn, frame: WelcomeFrame): void => {
  const { state, now } = turn;
  const former = state.welcome;
  const isOther = former !== undefined && (former.user !== frame.user || former.tenant !== frame.tenant);
  if (isOther) forgetPerson(turn);
  state.welcome = frame;
  state.self = frame.self;
  turn.topics.add('self');
  state.offset = Date.parse(frame.serverTime) - now;
  tookToken(turn, frame);
  if (state.link.at !== 'dialling') {
    askAgainAll(turn, true);
    return;
  }
  const { idle } = state.link;
  state.link = { at: 'up' };
  state.missed = 0;
  state.degraded = false;
  state.noPlaces = false;
  turn.cancel('dial');
  turn.later('steady', now + state.config.retry.steadyMs);
  heardSomething(turn);
  welcomedIdle(turn, idle);
  flushSlots(turn);
  askAgainAll(turn, false);
  enterAgain(turn);
};

/** The connection lasted: the next failure is the first again. */
export const steady = (turn: Turn): void => {
  turn.state.attempt = 0;
};

/** Takes down what depended on the connection. */
const disconnect = (turn: Turn): void => {
  const wasUp = turn.isUp || turn.state.link.at === 'leaving';
  // From here on nothing can be sent; the caller says what comes next.
  turn.state.link = { at: 'idle' };
  turn.cancel('dial', 'ping', 'token', 'renew', 'steady', 'pace', 'again', 'asks', 'answers', 'places');
  endCheck(turn);
  const { request, renewing: _renewing, ...token } = turn.state.token;
  if (request) turn.do({ do: 'drop_token' });
  turn.state.token = token;
  loseAnswers(turn);
  if (wasUp) loseSight(turn);
};

const hangUp = (turn: Turn): void => {
  // What is still on its way from the socket belongs to nobody.
  turn.state.epoch += 1;
  turn.do({ do: 'hang_up' });
};

export const stop = (turn: Turn, reason: StopReason, error?: RollcallError): void => {
  const { link } = turn.state;
  const settles = link.at === 'leaving' ? link.settles : [];
  if (link.at === 'dialling' || link.at === 'up' || link.at === 'leaving') hangUp(turn);
  disconnect(turn);
  refuseSlots(turn);
  refuseStays(turn);
  refuseWatches(turn);
  turn.settle(settles);
  turn.state.due = {};
  turn.state.attempt = 0;
  turn.state.missed = 0;
  turn.state.staleBelow = turn.state.epoch + 1;
  turn.everything = true;
  turn.state.link = { at: 'stopped', reason, ...(error && { error }) };
  if (reason === 'signed_out') {
    forgetToken(turn);
    forgetPerson(turn);
  }
};

const wait = (turn: Turn, delayMs: number, told: boolean): void => {
  const until = turn.now + delayMs;
  turn.state.link = { at: 'waiting', until, told };
  turn.later('dial', until);
};

/** After a failure that has no close code: of the token, for instance. */
export const retryLater = (turn: Turn): void => {
  const delayMs = delayOf(turn, turn.state.attempt);
  turn.state.attempt += 1;
  wait(turn, delayMs, false);
};

const follow = (turn: Turn, code: number, verdict: Verdict, told: boolean): void => {
  const { state } = turn;
  if (verdict.next === 'stop') {
    stop(turn, verdict.reason);
    return;
  }
  if (verdict.next === 'retry') {
    state.attempt = Math.max(state.attempt, stepOf(code)) + 1;
    wait(turn, verdict.delayMs, told);
    return;
  }
  const strikes = state.token.strikes + 1;
  state.token = { ...state.token, strikes, usableUntil: Number.NEGATIVE_INFINITY };
  if (strikes > 1) {
    unauthorized(turn);
    return;
  }
  state.link = { at: 'asking' };
  askToken(turn, 'rejected');
};

/** The tokens that the application has are not good. */
export const unauthorized = (turn: Turn): void =>
  stop(turn, 'unauthorized', new RollcallError('unauthorized', 'the service refused the token'));

/** The connection has ended, or the attempt at one. */
export const lost = (turn: Turn, code: number, reason = ''): void => {
  const { state, now } = turn;
  const { link } = state;
  if (link.at === 'leaving') {
    stop(turn, link.reason);
    return;
  }
  const early = link.at === 'dialling';
  const told = link.at === 'up' && link.told !== undefined ? Math.max(0, link.told - now) : undefined;
  turn.log('debug', 'lost', { code, reason, early });
  disconnect(turn);
  if (code === 1009) state.chunkBytes = Math.max(LEAST_CHUNK, state.chunkBytes / 2);
  if (code === 4429) state.quietUntil = now + QUIET_MS;
  if (early && code === LOST) {
    state.missed += 1;
    if (state.missed % PROBE_AFTER === 0) turn.do({ do: 'probe', token: state.token.value ?? '' });
  }
  const verdict = verdictOf(turn, code, told);
  const decided = state.config.decide?.({ code, reason, early }, verdict) ?? verdict;
  if (decided.next === 'stop' && decided.reason === 'protocol_error') {
    turn.tell(new RollcallError('bad_frame', `the service closed with ${code}: ${reason}`));
  }
  follow(turn, code, decided, told !== undefined);
};

/** The socket is given up without waiting for its end: on some systems it never comes. */
export const abandon = (turn: Turn, reason: string): void => {
  hangUp(turn);
  lost(turn, LOST, reason);
};

/** The timer of a dial, or of the pause before it. */
export const dialDue = (turn: Turn): void => {
  const { at } = turn.state.link;
  if (at === 'waiting') begin(turn);
  else if (at === 'dialling') abandon(turn, 'no welcome in time');
  else if (at === 'leaving') lost(turn, LOST);
};

/** Drops a dial that hangs and dials anew. */
export const redial = (turn: Turn): void => {
  hangUp(turn);
  turn.cancel('dial');
  begin(turn);
};

/** Dials earlier than planned, unless the service said when. */
export const hasten = (turn: Turn, withinMs: number): void => {
  const { link } = turn.state;
  if (link.at !== 'waiting' || link.told) return;
  wait(turn, Math.min(link.until - turn.now, withinMs), false);
};

/** The service asks this client to come back later, somewhere else. */
export const toldToReconnect = (turn: Turn, afterMs: number): void => {
  if (turn.isUp) turn.state.link = { at: 'up', told: turn.now + afterMs };
};

/** Says goodbye and stops. */
export const leave = (turn: Turn, reason: StopReason, settles: readonly number[]): void => {
  const { link } = turn.state;
  if (link.at === 'leaving') {
    turn.state.link = { ...link, settles: [...link.settles, ...settles] };
    return;
  }
  if (link.at !== 'up') {
    stop(turn, reason);
    turn.settle(settles);
    return;
  }
  turn.send({ type: 'bye' });
  turn.state.link = { at: 'leaving', reason, settles };
  turn.later('dial', turn.now + GOODBYE_MS);
};

/** The page goes into the back/forward cache, or for good: which of the two, nobody can tell. */
export const suspend = (turn: Turn): void => {
  const { at } = turn.state.link;
  if (at === 'idle' || at === 'stopped' || at === 'suspended') return;
  if (at === 'leaving') {
    stop(turn, 'closed');
    return;
  }
  if (at === 'dialling' || at === 'up') hangUp(turn);
  disconnect(turn);
  turn.state.link = { at: 'suspended' };
};

export const reset = (turn: Turn): void => {
  stop(turn, 'closed');
  forgetToken(turn);
  forgetPerson(turn);
  turn.state.welcome = undefined;
  turn.state.link = { at: 'idle' };
};
