import { RollcallError } from '../errors.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { awaitAnswer } from './answers.ts';
import type { Pending } from './state.ts';
import type { Turn } from './turn.ts';

/** How long a call waits for a connection, ms. */
const WAIT_MS = 10_000;

const sendNow = (turn: Turn, what: 'status' | 'note', frame: object, id: number): void =>
  awaitAnswer(turn, frame, { what, id });

/** Sets one's own status or note. A call that still waits for a connection is replaced by the next one. */
export const say = (turn: Turn, what: 'status' | 'note', frame: object, id: number): void => {
  const { slots, link } = turn.state;
  const waiting = slots.get(what);
  if (waiting) turn.fail([waiting.id], 'superseded');
  if (link.at === 'stopped' || link.at === 'leaving') {
    turn.fail([id], 'closed');
    return;
  }
  if (turn.isUp) {
    sendNow(turn, what, frame, id);
    return;
  }
  const due = turn.now + WAIT_MS;
  turn.map('slots').set(what, { frame, id, due });
  turn.sooner('answers', due);
};

/** There is a connection: what waited for it is sent. */
export const flushSlots = (turn: Turn): void => {
  const { slots } = turn.state;
  if (slots.size === 0) return;
  turn.map('slots').clear();
  for (const [what, { frame, id }] of slots) sendNow(turn, what, frame, id);
};

const drop = (
  turn: Turn,
  code: 'closed' | 'timeout' | 'aborted',
  which: (id: number, due: number) => boolean,
) => {
  for (const [what, { id, due }] of turn.state.slots) {
    if (!which(id, due)) continue;
    turn.map('slots').delete(what);
    turn.fail([id], code);
  }
};

/** Nothing will be sent any more. */
export const refuseSlots = (turn: Turn): void => drop(turn, 'closed', () => true);

/** Calls that found no connection in time. */
export const slotsDue = (turn: Turn): void => {
  drop(turn, 'timeout', (_id, due) => due <= turn.now);
  for (const { due } of turn.state.slots.values()) turn.sooner('answers', due);
};

/** The application does not wait any longer. What was sent may take effect all the same. */
export const abort = (turn: Turn, id: number): void => {
  drop(turn, 'aborted', (one) => one === id);
  for (const [ref, pending] of turn.state.pending) {
    if (pending.id !== id || pending.what === 'enter') continue;
    turn.map('pending').delete(ref);
    turn.fail([id], 'aborted', undefined, 'unknown');
  }
};

/** An answer to a status or note. */
export const ownAnswered = (
  turn: Turn,
  { id }: Pending,
  error?: { readonly code: ErrorCode; readonly message: string },
): void => {
  if (id === undefined) return;
  if (error === undefined) {
    turn.settle([id]);
    return;
  }
  const code = error.code === 'unknown_type' ? 'unsupported' : error.code;
  const outcome = code === 'unavailable' ? 'unknown' : 'not_done';
  turn.settle([id], new RollcallError(code, error.message, { outcome }));
};
