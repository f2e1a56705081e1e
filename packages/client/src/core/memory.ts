import { endStays } from './stays.ts';
import type { Turn } from './turn.ts';
import { forgetTyping } from './typing.ts';
import { wantAllAgain } from './watches.ts';

/** The connection is gone: what is known may be stale after a while. Typing is over at once. */
export const loseSight = (turn: Turn): void => {
  forgetTyping(turn);
  if (turn.state.due.stale === undefined) turn.later('stale', turn.now + turn.state.config.staleAfterMs);
};

/** What no connection since has confirmed is stale now. It is never made `offline`. */
export const staleDue = (turn: Turn): void => {
  const { link, epoch } = turn.state;
  turn.state.staleBelow = link.at === 'up' || link.at === 'dialling' ? epoch : epoch + 1;
  turn.everything = true;
};

/** The service says whether what it shows is fresh. */
export const degraded = (turn: Turn, on: boolean): void => {
  if (turn.state.degraded === on) return;
  turn.state.degraded = on;
  turn.everything = true;
};

/** Nothing that one person was shown may be shown to the next. What is watched stays, to be asked for again. */
export const forgetPerson = (turn: Turn): void => {
  const { state } = turn;
  state.views = new Map();
  state.rooms = new Map();
  state.counts = new Map();
  state.self = undefined;
  turn.topics.add('self');
  turn.everything = true;
  endStays(turn, state.stays.keys(), 'closed');
  forgetTyping(turn);
  wantAllAgain(turn);
};
