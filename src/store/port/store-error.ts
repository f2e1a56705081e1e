/** What the store may report instead of a result. */
export type StoreErrorCode =
  /** Unreachable, too slow, or still healing after a loss: try again. */
  | 'unavailable'
  /** The deployment was created with another number of partitions or another schema. */
  | 'incompatible'
  /** A cursor that this store did not give. */
  | 'invalid_cursor'
  /** A ninth claim of services, a 17th session. */
  | 'too_many_claims'
  | 'too_many_sessions'
  /** An older word of a service than one that is known, or one that took too long to come. */
  | 'outdated'
  /** The token behind the call was revoked. */
  | 'revoked'
  /** No such session. */
  | 'not_found'
  /** A 65th place of one user, or more data than one may have in all. */
  | 'too_many_places'
  /** Put out of the place: the token behind the call was issued before. */
  | 'put_out';

export interface StoreErrorOptions extends ErrorOptions {
  /** The store ran this call, and it failed: other calls may succeed. */
  readonly ofThisCall?: boolean;
}

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly ofThisCall: boolean;
  constructor(code: StoreErrorCode, message: string, options?: StoreErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
    this.ofThisCall = options?.ofThisCall ?? false;
  }
}
