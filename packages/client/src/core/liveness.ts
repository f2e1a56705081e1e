import type { Turn } from './turn.ts';

/** When `welcome` names no interval, ms. */
const DEFAULT_INTERVAL_MS = 25_000;
/** How long an answer to a ping may take, ms; and after a wake or a change of network. */
const ANSWER_MS = 10_000;
const QUICK_ANSWER_MS = 5_000;
/** Who was heard so lately is not asked. */
const RECENT_MS = 1_000;

/** Any frame is a sign of life. */
export const heardSomething = (turn: Turn): void => {
  turn.state.heardAt = turn.now;
  turn.state.check = undefined;
  turn.later('ping', turn.now + (turn.state.welcome?.pingIntervalMs || DEFAULT_INTERVAL_MS));
};

export const endCheck = (turn: Turn): void => {
  turn.state.check = undefined;
};

const check = (turn: Turn, withinMs: number): void => {
  turn.state.check = { sentAt: turn.now, due: turn.now + withinMs };
  turn.later('ping', turn.now + withinMs);
  turn.send({ type: 'ping' });
};

/** Something happened that connections often do not survive: an open socket proves nothing after it. */
export const checkSoon = (turn: Turn): void => {
  if (!turn.isUp || turn.now - turn.state.heardAt < RECENT_MS) return;
  const { check: running } = turn.state;
  if (running === undefined || running.due > turn.now + QUICK_ANSWER_MS) check(turn, QUICK_ANSWER_MS);
};

/**
 * Browsers do not show the pings of the protocol: the client sends its own when nothing is heard.
 *
 * @returns whether the connection is dead.
 */
export const pingDue = (turn: Turn): boolean => {
  const { check: running } = turn.state;
  if (running === undefined) {
    check(turn, ANSWER_MS);
    return false;
  }
  // A timer that comes far too late was slept through, and the answer with it: hidden tabs get one a minute.
  const isLate = turn.now - running.sentAt > 2 * (running.due - running.sentAt);
  if (isLate) check(turn, QUICK_ANSWER_MS);
  return !isLate;
};
