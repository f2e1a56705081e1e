import { CLOSE_CODES, type CloseCode } from '../../protocol/codes.ts';
import { backoff } from '../../time/backoff.ts';

/** How a connection, or the attempt at one, ended. */
export interface Ending {
  /** Close code; absent when it never opened. */
  readonly code?: number;
  /** What the server said of a refusal or a close, for people. */
  readonly detail?: string;
  /** HTTP status that refused it, and the seconds of its `Retry-After`. */
  readonly status?: number;
  readonly retryAfterS?: number;
  /** What a `reconnect` frame asked for. */
  readonly afterMs?: number;
  /** Why there was no answer at all, e.g. `ECONNREFUSED`. */
  readonly failure?: string;
}

export type Verdict =
  | { readonly retry: true; readonly delayMs: number; readonly why: string }
  | { readonly retry: false; readonly ok: boolean; readonly why: string };

/** A node that shuts down names the moment; without one its clients come back within a second. */
const RESTART_MS = 1_000;
const BASE_MS = 500;
const CAP_MS = 30_000;
/** More than a server may ask for. */
const LONGEST_MS = 3_600_000;

/** The first delay where the advice is `after a while`, as a step of the doubling. */
const A_WHILE = 4;
/** Statuses that another attempt would get again. */
const FINAL_STATUSES = [400, 401, 403, 404, 426];

/** Somewhere below a bound that doubles, so that the clients of one lost node do not return as one (full jitter). */
const fullJitter = (attempt: number, random: () => number): number =>
  random() * backoff(attempt, BASE_MS, CAP_MS);

const closeCode = (code: number | undefined): CloseCode | undefined =>
  Object.entries(CLOSE_CODES).find(([number]) => Number(number) === code)?.[1];

const meaningOf = (code: number): string => {
  const known = closeCode(code);
  return known ? `closed with ${code}, ${known.name}` : `the connection was lost (${code})`;
};

const whyOf = ({ code, status, failure, detail }: Ending): string => {
  const said = detail === undefined ? '' : `: ${detail}`;
  if (status !== undefined) return `refused with HTTP status ${status}${said}`;
  return code === undefined ? `no connection: ${failure ?? 'unknown'}` : `${meaningOf(code)}${said}`;
};

/**
 * What to do after a connection ended.
 *
 * @param attempt - failures in a row before this one.
 */
export const verdictOf = (ending: Ending, attempt: number, random: () => number): Verdict => {
  const why = whyOf(ending);
  const { code, status, retryAfterS, afterMs } = ending;
  // What never opened, or was lost on the way, has no code of this service.
  const advice = closeCode(code)?.reconnect ?? 'yes';
  // Its token was given once: there is no newer one to come with.
  const isFinal = advice === 'no' || advice === 'with a new token';
  if (status !== undefined ? FINAL_STATUSES.includes(status) : isFinal) {
    return { retry: false, ok: code === 1000, why };
  }
  const jitter = fullJitter(advice === 'after a while' ? attempt + A_WHILE : attempt, random);
  if (afterMs !== undefined) return { retry: true, delayMs: Math.min(afterMs, LONGEST_MS), why };
  if (retryAfterS !== undefined) {
    return { retry: true, delayMs: Math.min(retryAfterS * 1_000, LONGEST_MS) + jitter, why };
  }
  return { retry: true, delayMs: code === 1012 ? random() * RESTART_MS : jitter, why };
};
