/**
 * - `unauthorized`: a new token was refused as well.
 * - `forbidden`: the token lacks the scope `events` (or `read`, for a snapshot), or names the wrong tenant.
 * - `invalid`: the filter makes no sense, or the cursor is not one of this deployment.
 * - `unavailable`: no answer, an overload or a server error. Retried; reported in `onState` alone.
 * - `silent`: nothing came for 45 seconds. Retried; reported in `onState` alone.
 */
export type FollowErrorCode = 'unauthorized' | 'forbidden' | 'invalid' | 'unavailable' | 'silent';

/** An answer of Rollcall that is not the one asked for. `code` is stable, the message is for people. */
export class FollowError extends Error {
  override readonly name = 'FollowError';
  readonly code: FollowErrorCode;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** How long the server asks to wait, ms. */
  readonly retryAfterMs?: number;

  constructor(
    code: FollowErrorCode,
    message: string,
    { status, retryAfterMs, cause }: { status?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    if (status !== undefined) this.status = status;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }

  /** Whether trying again later may help, with nothing changed. */
  get retryable(): boolean {
    return this.code === 'unavailable' || this.code === 'silent';
  }
}
