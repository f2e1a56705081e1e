import type { Key } from './keys.ts';
import type { Turn } from './turn.ts';

/** While keys come, typing is told this often, ms: the service forgets it after 6 s. */
const REPEAT_MS = 4_000;
/** No key for so long: typing has ended, ms. */
const PAUSE_MS = 5_000;
/** Others' typing ends so long after it was told last, ms. */
const HEARD_MS = 8_000;

/** A key was pressed. */
export const typed = (turn: Turn, key: Key, to: object): void => {
  const { typing, quietUntil } = turn.state;
  if (!turn.isUp || turn.now < quietUntil) return;
  const held = typing.get(key);
  const isDue = held === undefined || turn.now - held.sentAt >= REPEAT_MS;
  if (isDue) turn.send({ type: 'typing', to, on: true });
  turn.map('typing').set(key, { to, input: turn.now, sentAt: isDue ? turn.now : held.sentAt });
  turn.sooner('typing', turn.now + PAUSE_MS);
};

/** The text was sent or given up. */
export const stopTyping = (turn: Turn, key: Key): void => {
  const held = turn.state.typing.get(key);
  if (!held) return;
  turn.map('typing').delete(key);
  if (turn.isUp) turn.send({ type: 'typing', to: held.to, on: false });
};

export const typingDue = (turn: Turn): void => {
  for (const [key, { input }] of turn.state.typing) {
    if (turn.now - input >= PAUSE_MS) stopTyping(turn, key);
    else turn.sooner('typing', input + PAUSE_MS);
  }
};

/** Somebody else types, or stopped. */
export const heardTyping = (turn: Turn, key: Key, from: string, on: boolean): void => {
  const held = turn.state.heard.get(key);
  if (!on && !held?.has(from)) return;
  const next = new Map(held);
  const isNews = on !== next.has(from);
  if (on) next.set(from, turn.now + HEARD_MS);
  else next.delete(from);
  if (next.size > 0) turn.map('heard').set(key, next);
  else turn.map('heard').delete(key);
  if (on) turn.sooner('heard', turn.now + HEARD_MS);
  if (isNews) turn.topics.add(`y:${key}`);
};

/** Those whose end never came. */
export const heardDue = (turn: Turn): void => {
  for (const [key, people] of turn.state.heard) {
    for (const [from, until] of people) {
      if (until <= turn.now) heardTyping(turn, key, from, false);
      else turn.sooner('heard', until);
    }
  }
};

/** Without a connection nobody is known to type. */
export const forgetTyping = (turn: Turn): void => {
  for (const key of turn.state.heard.keys()) turn.topics.add(`y:${key}`);
  turn.state.heard = new Map();
  turn.state.typing = new Map();
  turn.cancel('typing', 'heard');
};
