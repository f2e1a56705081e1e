import { RECONNECT, type ReconnectAdvice } from '../protocol/codes.ts';
import type { RetryPolicy, StopReason, Verdict } from '../types.ts';
import type { Turn } from './turn.ts';

/** Shortest delay, ms: a loop of instant failures still leaves the processor to others. */
const LEAST_MS = 100;
/** After a node went without saying when to come back, ms. */
const RESTART_MS = 2_000;
/** More than a server may ask for, ms. */
const LONGEST_MS = 3_600_000;
/** Step of the first delay after 1013, and after the others of that advice. */
const OVERLOADED_STEP = 3;
const A_WHILE_STEP = 4;

/** What ends the client for good, by close code; another code of that advice is a refusal. */
const REASONS: Readonly<Record<number, StopReason>> = {
  1000: 'signed_out',
  4400: 'protocol_error',
  4409: 'replaced',
};

/**
 * Full jitter: anything below a bound that doubles, so that the clients of one lost node do not come back as one.
 * With the defaults the first three tries take 3.5 s on average, inside the usual grace of 5 s.
 */
export const delayOf = (turn: Turn, step: number): number => {
  const { baseMs, maxMs }: RetryPolicy = turn.state.config.retry;
  return Math.max(LEAST_MS, turn.random() * Math.min(maxMs, baseMs * 2 ** Math.min(step, 16)));
};

const advised = (code: number): ReconnectAdvice =>
  (RECONNECT as Readonly<Record<number, ReconnectAdvice>>)[code] ?? 'yes';

/** At which step of the delays a failure counts, at least. */
export const stepOf = (code: number): number => {
  if (code === 1013) return OVERLOADED_STEP;
  return advised(code) === 'after a while' ? A_WHILE_STEP : 0;
};

/**
 * What the protocol's table of close codes makes of one.
 *
 * @param told - ms from now at which the service wants this client back.
 */
export const verdictOf = (turn: Turn, code: number, told: number | undefined): Verdict => {
  const advice = advised(code);
  if (advice === 'no') return { next: 'stop', reason: REASONS[code] ?? 'forbidden' };
  if (advice === 'with a new token') return { next: 'new_token' };
  if (told !== undefined) return { next: 'retry', delayMs: Math.min(told, LONGEST_MS) };
  if (code === 1012) return { next: 'retry', delayMs: turn.random() * RESTART_MS };
  return { next: 'retry', delayMs: delayOf(turn, Math.max(turn.state.attempt, stepOf(code))) };
};
