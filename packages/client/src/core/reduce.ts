import type { Connection } from '../types.ts';
import { answersDue } from './acks.ts';
import { active, idle } from './activity.ts';
import { againDue, ask, asksDue } from './asks.ts';
import { connectionOf } from './connection.ts';
import { begin, dialDue, leave, lost, opened, reset, steady, stop } from './dial.ts';
import type { Effect, Event } from './effect.ts';
import { frame } from './frames.ts';
import { pingDue } from './liveness.ts';
import { staleDue } from './memory.ts';
import { abort, say } from './own.ts';
import { page } from './page.ts';
import { gotToken, renewDue, silent, tokenDue, tokenFailed } from './sign-in.ts';
import type { State, Timer } from './state.ts';
import { enter, exit, placesDue } from './stays.ts';
import { Turn } from './turn.ts';
import { heardDue, heardTyping, stopTyping, typed, typingDue } from './typing.ts';
import { lingerDue, refuseWatches, wish } from './watches.ts';

const DUE: Readonly<Record<Timer, (turn: Turn) => void>> = {
  dial: dialDue,
  ping: (turn) => {
    if (turn.isUp && pingDue(turn)) silent(turn);
  },
  token: tokenDue,
  renew: renewDue,
  steady,
  stale: staleDue,
  pace: ask,
  again: againDue,
  asks: asksDue,
  linger: lingerDue,
  answers: answersDue,
  places: placesDue,
  typing: typingDue,
  heard: heardDue,
};

const tick = (turn: Turn): void => {
  for (const timer of Object.keys(DUE) as Timer[]) {
    const at = turn.state.due[timer];
    if (at === undefined || at > turn.now) continue;
    turn.cancel(timer);
    DUE[timer](turn);
  }
};

const connect = (turn: Turn): void => {
  const { at } = turn.state.link;
  if (at !== 'idle' && at !== 'stopped') return;
  turn.state.token = { ...turn.state.token, strikes: 0 };
  begin(turn);
};

const close = (turn: Turn): void => {
  if (turn.state.link.at !== 'stopped') {
    stop(turn, 'closed');
    return;
  }
  // Watches that began since it stopped.
  refuseWatches(turn);
};

const handle = (turn: Turn, event: Event): void => {
  const { epoch } = turn.state;
  switch (event.type) {
    case 'connect':
      connect(turn);
      return;
    case 'close':
      close(turn);
      return;
    case 'leave':
      leave(turn, 'closed', [event.id]);
      return;
    case 'reset':
      reset(turn);
      return;
    case 'tick':
      tick(turn);
      return;
    case 'active':
      active(turn);
      return;
    case 'idle':
      idle(turn);
      return;
    case 'token':
      gotToken(turn, event.request, event.token);
      return;
    case 'token_failed':
      tokenFailed(turn, event.request, event.message);
      return;
    case 'opened':
      event.epoch === epoch ? opened(turn) : undefined;
      return;
    case 'frame':
      event.epoch === epoch ? frame(turn, event.frame) : undefined;
      return;
    case 'lost':
      event.epoch === epoch ? lost(turn, event.code, event.reason) : undefined;
      return;
    case 'wish':
      wish(turn, event.take, event.give);
      return;
    case 'say':
      say(turn, event.what, event.frame, event.id);
      return;
    case 'abort':
      abort(turn, event.id);
      return;
    case 'enter':
      enter(turn, event.place, event.data, event.id, event.isUpdate);
      return;
    case 'exit':
      exit(turn, event.place, event.id);
      return;
    case 'typing':
      event.on ? typed(turn, event.key, event.to) : stopTyping(turn, event.key);
      return;
    case 'typed':
      heardTyping(turn, event.key, event.from, false);
      return;
    case 'page':
      page(turn, event.event);
      return;
  }
};

/** What one event made of a state. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
  /** What can be read of these has changed; with `everything`, of all. */
  readonly topics: ReadonlySet<string>;
  readonly users: ReadonlySet<string>;
  readonly everything: boolean;
}

/**
 * The whole client but its input and output: a state, what happens to it, and when, decide the next state and what is to
 * be done. Nothing in it waits, and it reads no clock and no chance.
 */
export const reduce = (state: State, event: Event, now: number): Step => {
  const turn = new Turn(state, now);
  handle(turn, event);
  const connection: Connection = connectionOf(turn.state, state.connection);
  turn.state.connection = connection;
  if (connection !== state.connection) turn.topics.add('connection');
  const { effects, topics, users, everything } = turn;
  return { state: turn.state, effects, topics, users, everything };
};

/** When the next `tick` is due. */
export const nextDue = ({ due }: State): number | undefined => {
  const moments = Object.values(due);
  return moments.length === 0 ? undefined : Math.min(...moments);
};
