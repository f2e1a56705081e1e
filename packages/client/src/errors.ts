import type { ErrorCode } from './protocol/codes.ts';

/**
 * Codes of the client itself. `closed`: by `close()`, `reset()`, or the end of the watch. `superseded`: a newer call
 * replaced this one. `timeout`: no answer in time. `disconnected`: the connection was lost. `aborted`: by the signal.
 * `token_failed`: `getToken` threw or took too long. `refused`: the service refuses connections, `status` says how.
 * `unsupported`: this service is too old to know it.
 */
export type ClientErrorCode =
  | 'closed'
  | 'superseded'
  | 'timeout'
  | 'disconnected'
  | 'aborted'
  | 'token_failed'
  | 'refused'
  | 'unsupported'
  | 'gone';

/** `not_done`: it had no effect. `unknown`: it may have had, or may still. */
export type Outcome = 'not_done' | 'unknown';

/** Codes after which the same call may succeed later. */
const RETRYABLE: readonly string[] = [
  'unavailable',
  'rate_limited',
  'timeout',
  'disconnected',
  'token_failed',
];

/** Everything that goes wrong, with a stable `code`. */
export class RollcallError extends Error {
  override readonly name = 'RollcallError';
  readonly code: ErrorCode | ClientErrorCode;
  readonly outcome: Outcome;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** The HTTP status of a refusal. */
  readonly status: number | undefined;

  constructor(
    code: ErrorCode | ClientErrorCode,
    message: string = code,
    { outcome = 'not_done', status }: { outcome?: Outcome; status?: number } = {},
  ) {
    super(message);
    this.code = code;
    this.outcome = outcome;
    this.retryable = RETRYABLE.includes(code);
    this.status = status;
  }
}
