import { ANY_TENANT, type TokenOwner, type UserRef } from '../domain/model.ts';

/** What a verified token says. Identity comes from here and from nowhere else. */

export const SCOPES = [
  'connect',
  'watch',
  'watch:tenant',
  'read',
  'write',
  'events',
  'mint',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

export const TOKEN_VERSIONS = [
  'v4.public',
  'v4.local',
  'v3.public',
  'v3.local',
  'v2.public',
  'v2.local',
] as const;
export type TokenVersion = (typeof TOKEN_VERSIONS)[number];

/** What any token says besides its owner. */
interface TokenFacts {
  readonly name?: string;
  /** Absent when the token has no `groups` claim, which changes nothing; `[]` when it says there are none. */
  readonly groups?: readonly string[];
  /** Places that it opens with `PLACE_POLICY=token`, and those that it lets be watched only; absent: none. */
  readonly places?: readonly string[];
  readonly placesWatch?: readonly string[];
  /** A set shared between principals with the same scopes: thousands of connections hold one. */
  readonly scopes: ReadonlySet<Scope>;
  /** Seconds since the epoch, with the milliseconds, which order tokens of one second; absent when the token has none. */
  readonly iat?: number;
  /** The `iat` was written without a fraction: the token was issued at any moment of that second. */
  readonly isIatWhole?: true;
  /** Seconds since the epoch. */
  readonly exp: number;
}

/** A user of one tenant. */
export interface UserPrincipal extends TokenFacts, UserRef {}

/**
 * A service of all tenants: the token says `tenant` `*`. It has no `user` and no tenant of its own, so that it cannot
 * be taken for the user of the same name in the tenant of a request.
 */
export interface ServicePrincipal extends TokenFacts {
  readonly service: string;
  readonly tenant?: undefined;
  readonly user?: undefined;
}

export type Principal = UserPrincipal | ServicePrincipal;

/** The owner of a token. */
export const ownerOf = (principal: Principal): TokenOwner =>
  principal.service === undefined
    ? { tenant: principal.tenant, user: principal.user }
    : { tenant: ANY_TENANT, service: principal.service };

/** Seconds since the epoch, ms exact: the latest moment at which the token can have been issued; 0 without `iat`. */
export const issuedBy = ({ iat = 0, isIatWhole }: Pick<TokenFacts, 'iat' | 'isIatWhole'>): number =>
  isIatWhole ? iat + END_OF_SECOND : iat;

/** The last millisecond of a second, s. */
const END_OF_SECOND = 0.999;

/** Why a token was refused. A label of a metric, so a closed set; never sent to the client as more than `unauthorized`. */
export type AuthFailure =
  | 'missing'
  | 'too_long'
  | 'malformed'
  | 'unsupported_version'
  | 'unknown_key'
  | 'bad_signature'
  | 'expired'
  | 'not_yet_valid'
  | 'lifetime_too_long'
  | 'bad_audience'
  | 'bad_issuer'
  | 'bad_claims'
  | 'revoked';

export class AuthError extends Error {
  readonly code = 'unauthorized';
  readonly reason: AuthFailure;
  /** @param message - safe to show to the caller: never holds any part of the token. */
  constructor(reason: AuthFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AuthError';
    this.reason = reason;
  }
}

/** The port through which sockets and HTTP authenticate a client. */
export interface Authenticator {
  /**
   * Verifies a token: format, key, signature or decryption, times (5 s of clock skew), audience, issuer, claims.
   * @throws AuthError, and nothing else, when the token is not valid.
   */
  verify(token: string): Promise<Principal>;
}
