import { DEFAULT_TENANT, isDisplayName, isGroupId, isTenantId, isUserId, MAX_GROUPS } from '../domain/ids.ts';
import { ANY_TENANT } from '../domain/model.ts';
import { isPlacePattern, MAX_PLACE_PATTERNS } from '../domain/place-pattern.ts';
import { isVisible, withoutBidiControls } from '../domain/visible-text.ts';
import { parseTime } from '../protocol/time.ts';
import { badClaim } from './claim-problem.ts';
import { AuthError, type Principal, type Scope } from './principal.ts';
import { DEFAULT_SCOPE, scopeProblem, scopeSet } from './scope-set.ts';

/**
 * Tolerated difference between the issuer's clock and ours: a token is valid until this long after its `exp`, whether
 * it is presented then or holds a connection open.
 */
export const CLOCK_SKEW_MS = 5_000;

/** What this service requires of every token. */
export interface ClaimRules {
  /** `exp` may be at most this many seconds ahead. */
  readonly maxTtlSeconds: number;
  readonly audience?: string;
  readonly issuer?: string;
}

type Claims = Readonly<Record<string, unknown>>;

/**
 * Judges the claims of an authentic token.
 *
 * @param now - ms since the epoch.
 * @throws AuthError naming the claim that is wrong, never its value.
 */
export const principalOf = (claims: Claims, rules: ClaimRules, now: number): Principal => {
  const times = timesOf(claims, rules, now);
  if (rules.issuer !== undefined && claims['iss'] !== rules.issuer) {
    throw new AuthError('bad_issuer', 'The token is from another issuer.');
  }
  if (rules.audience !== undefined && claims['aud'] !== rules.audience) {
    throw new AuthError('bad_audience', 'The token is for another audience.');
  }
  const sub = claims['sub'];
  if (!isUserId(sub)) throw badClaim('sub', sub);
  const scopes = scopesOf(claims);
  const name = nameOf(claims);
  const groups = groupsOf(claims);
  const places = placesOf(claims, 'places');
  const placesWatch = placesOf(claims, 'placesWatch');
  const tenant = tenantOf(claims, scopes);
  return {
    ...(tenant === ANY_TENANT ? { service: sub } : { tenant, user: sub }),
    ...(name !== undefined && { name }),
    ...(groups !== undefined && { groups }),
    ...(places !== undefined && { places }),
    ...(placesWatch !== undefined && { placesWatch }),
    scopes,
    ...times,
  };
};

const timesOf = (
  claims: Claims,
  { maxTtlSeconds }: ClaimRules,
  now: number,
): Pick<Principal, 'exp' | 'iat' | 'isIatWhole'> => {
  const exp = timeOf(claims, 'exp');
  const nbf = timeOf(claims, 'nbf');
  const iat = timeOf(claims, 'iat');
  if (exp === undefined) throw badClaim('exp', claims['exp']);
  if (now > exp + CLOCK_SKEW_MS) throw new AuthError('expired', 'The token has expired.');
  if (exp > now + maxTtlSeconds * 1_000 + CLOCK_SKEW_MS) {
    throw new AuthError('lifetime_too_long', `The token ends more than ${maxTtlSeconds} seconds from now.`);
  }
  if (iat !== undefined && exp > iat + maxTtlSeconds * 1_000 + CLOCK_SKEW_MS) {
    // Presented late enough, its end would be near, and an earlier revocation might have been dropped by then.
    throw new AuthError('lifetime_too_long', `The token lives longer than ${maxTtlSeconds} seconds.`);
  }
  if (Math.max(nbf ?? now, iat ?? now) > now + CLOCK_SKEW_MS) {
    throw new AuthError('not_yet_valid', 'The token is not valid yet.');
  }
  return {
    exp: Math.floor(exp / 1_000),
    ...(iat !== undefined && { iat: Math.max(0, iat / 1_000) }),
    ...(isWhole(claims['iat']) && { isIatWhole: true as const }),
  };
};

const isWhole = (iat: unknown): boolean => typeof iat === 'string' && !iat.includes('.');

const timeOf = (claims: Claims, claim: string): number | undefined => {
  const value = claims[claim];
  if (value === undefined) return undefined;
  const time = typeof value === 'string' ? parseTime(value) : undefined;
  if (time === undefined) throw badClaim(claim, value);
  return time;
};

/** @throws AuthError for a claim that would allow less than its issuer meant, and say nothing of it. */
const scopesOf = ({ scope = DEFAULT_SCOPE }: Claims): ReadonlySet<Scope> => {
  const problem = scopeProblem(scope);
  if (problem !== undefined) throw badClaim('scope', scope, problem);
  return scopeSet(scope as string);
};

const tenantOf = ({ tenant = DEFAULT_TENANT }: Claims, scopes: ReadonlySet<Scope>): string => {
  // A person is always in one tenant; only services without a presence of their own reach over several.
  if (tenant === ANY_TENANT && !scopes.has('connect')) return ANY_TENANT;
  if (!isTenantId(tenant)) throw badClaim('tenant', tenant);
  return shared(tenant);
};

/**
 * A name without a visible character counts as no name: issuers write an empty one for people who have not given any.
 * Characters that control its direction are removed. Directories and clipboards insert them into names, and a person
 * whose name has one must not be locked out for it.
 */
const nameOf = ({ name = '' }: Claims): string | undefined => {
  if (typeof name !== 'string') throw badClaim('name', name);
  const shown = withoutBidiControls(name);
  if (!isVisible(shown)) return undefined;
  if (!isDisplayName(shown)) throw badClaim('name', name);
  return shown;
};

const groupsOf = ({ groups }: Claims): readonly string[] | undefined => {
  if (groups === undefined) return undefined;
  if (!Array.isArray(groups) || groups.length > MAX_GROUPS || !groups.every(isGroupId))
    throw badClaim('groups', groups);
  return [...new Set(groups)];
};

/** A prefix without a delimiter would open places that its issuer did not think of: the token is refused. */
const placesOf = (claims: Claims, claim: 'places' | 'placesWatch'): readonly string[] | undefined => {
  const places = claims[claim];
  if (places === undefined) return undefined;
  if (!Array.isArray(places) || places.length > MAX_PLACE_PATTERNS) throw badClaim(claim, places);
  if (!places.every(isPlacePattern)) throw badClaim(claim, places);
  return [...new Set(places)];
};

/** Each parsed token brings its own copy of its tenant; tens of thousands of connections need one. */
const tenants = new Map<string, string>();
const MAX_SHARED_TENANTS = 10_000;

const shared = (tenant: string): string => {
  const known = tenants.get(tenant);
  if (known !== undefined) return known;
  if (tenants.size >= MAX_SHARED_TENANTS) tenants.clear();
  tenants.set(tenant, tenant);
  return tenant;
};
