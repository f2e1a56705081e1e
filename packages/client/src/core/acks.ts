import { RollcallError } from '../errors.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { takePending } from './answers.ts';
import { ownAnswered, slotsDue } from './own.ts';
import type { Pending } from './state.ts';
import { loseStays, stayAnswered } from './stays.ts';
import type { Turn } from './turn.ts';

interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

const answered = (turn: Turn, pending: Pending, refusal?: Refusal): void => {
  if (pending.what === 'enter') stayAnswered(turn, pending, refusal);
  else ownAnswered(turn, pending, refusal);
};

/** @returns whether somebody waited for it. */
export const acknowledged = (turn: Turn, ref: string | undefined, refusal?: Refusal): boolean => {
  const pending = takePending(turn, ref);
  if (pending) answered(turn, pending, refusal);
  return pending !== undefined;
};

const giveUp = (turn: Turn, { id }: Pending, code: 'timeout' | 'disconnected'): void => {
  if (id !== undefined) turn.settle([id], new RollcallError(code, code, { outcome: 'unknown' }));
};

/** Answers that did not come in time. */
export const answersDue = (turn: Turn): void => {
  for (const [ref, pending] of turn.state.pending) {
    if (pending.due > turn.now) turn.sooner('answers', pending.due);
    else {
      takePending(turn, ref);
      if (pending.what === 'enter') stayAnswered(turn, pending, { code: 'timeout', message: 'no answer' });
      else giveUp(turn, pending, 'timeout');
    }
  }
  slotsDue(turn);
};

/** The connection that would have brought the answers is gone: whether anything was done, nobody knows. */
export const loseAnswers = (turn: Turn): void => {
  for (const pending of turn.state.pending.values()) giveUp(turn, pending, 'disconnected');
  if (turn.state.pending.size > 0) turn.map('pending').clear();
  loseStays(turn);
  // Those that wait for a connection still do.
  slotsDue(turn);
};
