import type { Clock } from '../time/clock.ts';
import { type ClaimRules, principalOf } from './claims.ts';
import type { KeySource } from './keyring.ts';
import { AuthError } from './principal.ts';
import { unknownScopes } from './scope-set.ts';
import { MAX_TOKEN_BYTES } from './token-format.ts';

export interface IssueRequest {
  readonly user: string;
  readonly tenant: string;
  readonly groups?: readonly string[];
  readonly name?: string;
  /** Ids, and prefixes that end in `*` behind a delimiter. */
  readonly places?: readonly string[];
  readonly placesWatch?: readonly string[];
  /** Space separated; absent leaves the claim out, which means `connect watch`. */
  readonly scope?: string;
  /** From now. */
  readonly ttlSeconds: number;
  /** Seconds since the epoch; default now. */
  readonly iat?: number;
}

export interface IssuedToken {
  readonly token: string;
  /** ms since the epoch, a whole second. */
  readonly expiresAt: number;
}

/** `invalid`: this service would refuse such a token. `no_key`: it holds public keys only. */
export type IssueErrorCode = 'invalid' | 'no_key';

export class IssueError extends Error {
  readonly code: IssueErrorCode;
  /** @param message - safe to show to the caller. */
  constructor(code: IssueErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'IssueError';
    this.code = code;
  }
}

export interface TokenIssuerOptions {
  readonly keys: KeySource;
  /** The same as the verifier's: audience and issuer go into the token, the rest bounds it. */
  readonly rules: ClaimRules;
  readonly clock: Pick<Clock, 'wall'>;
}

/**
 * Makes tokens with the first secret or local key, named in the footer. It makes no token that this service would
 * refuse.
 */
export class TokenIssuer {
  readonly #keys: KeySource;
  readonly #rules: ClaimRules;
  readonly #clock: Pick<Clock, 'wall'>;

  constructor({ keys, rules, clock }: TokenIssuerOptions) {
    this.#keys = keys;
    this.#rules = rules;
    this.#clock = clock;
  }

  /** Whether there is a key to issue with. */
  get available(): boolean {
    return this.#keys.current.issueKey !== undefined;
  }

  /** @throws IssueError */
  async issue(request: IssueRequest): Promise<IssuedToken> {
    const key = this.#keys.current.issueKey;
    if (key === undefined) throw new IssueError('no_key', 'Issuing tokens needs a secret or local key.');
    const now = this.#clock.wall();
    const { claims, expiresAt } = this.#claims(request, now);
    this.#check(claims, now);
    const token = await key.seal(claims);
    if (token.length > MAX_TOKEN_BYTES) {
      throw new IssueError('invalid', `The token would be longer than ${MAX_TOKEN_BYTES} bytes.`);
    }
    return { token, expiresAt };
  }

  #claims(request: IssueRequest, now: number) {
    const { user, tenant, groups, places, placesWatch, name, scope, ttlSeconds } = request;
    const second = Math.floor(now / 1_000);
    const { iat = second } = request;
    if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1 || !isTime(iat) || !isTime(second + ttlSeconds)) {
      throw new IssueError('invalid', 'Lifetime and time of issue are whole seconds.');
    }
    const unknown = unknownScopes(scope ?? '');
    if (unknown.length > 0) throw new IssueError('invalid', `There is no scope ${unknown.join(' ')}.`);
    const expiresAt = (second + ttlSeconds) * 1_000;
    const claims = {
      sub: user,
      tenant,
      ...(name !== undefined && { name }),
      ...(groups !== undefined && { groups }),
      ...(places !== undefined && { places }),
      ...(placesWatch !== undefined && { placesWatch }),
      ...(scope !== undefined && { scope }),
      ...(this.#rules.issuer !== undefined && { iss: this.#rules.issuer }),
      ...(this.#rules.audience !== undefined && { aud: this.#rules.audience }),
      // Always with milliseconds: without them, it could have been issued at any moment of the second.
      iat: request.iat === undefined ? new Date(now).toISOString() : timeText(iat * 1_000),
      exp: timeText(expiresAt),
    };
    return { claims, expiresAt };
  }

  #check(claims: Readonly<Record<string, unknown>>, now: number): void {
    try {
      principalOf(claims, this.#rules, now);
    } catch (error) {
      throw error instanceof AuthError ? new IssueError('invalid', error.message, { cause: error }) : error;
    }
  }
}

/** Last second that RFC 3339 can write. */
const END_OF_TIME = Date.UTC(9999, 11, 31, 23, 59, 59) / 1_000;
const isTime = (seconds: number): boolean =>
  Number.isSafeInteger(seconds) && seconds >= 0 && seconds <= END_OF_TIME;

const timeText = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
