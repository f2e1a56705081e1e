import type { DayMs, HybridMicros } from './clock.ts';

/**
 * The nouns of presence. Everything here is plain data: times are integer milliseconds since the epoch by the
 * store's clock unless a name says otherwise, and `ver` is an integer below 2^53.
 */

/** What others see of a user. */
export const STATUSES = ['online', 'away', 'busy', 'offline'] as const;
export type Status = (typeof STATUSES)[number];

/** The statuses of a claim. Only the person's own claim (`source` = `user`) may be `invisible`. */
export type ClaimStatus = 'online' | 'away' | 'busy' | 'invisible';

/** Kinds of device, in the order in which `devices` lists them. */
export const DEVICES = ['web', 'desktop', 'mobile', 'api', 'agent'] as const;
export type Device = (typeof DEVICES)[number];

/** Why a transition happened; part of the public event. */
export const REASONS = [
  'connect',
  'disconnect',
  'goodbye',
  'node_lost',
  'idle',
  'active',
  'claim',
  'expired',
  'note',
  'revoked',
  'resync',
] as const;
export type Reason = (typeof REASONS)[number];

/** Source of the person's own claim and its fixed priority. */
export const OWN_SOURCE = 'user';
export const OWN_PRIORITY = 100;

/** What a claim adds to a status, as others see it: a text of at most 140 characters, one emoji, an end. */
export interface Adornment {
  readonly text?: string;
  readonly emoji?: string;
  /** When the claim ends. */
  readonly until?: DayMs;
}

/**
 * A status that a person or a service set. Each source has one; the highest priority counts, then the newest `stamp`.
 */
export interface Claim extends Adornment {
  readonly status: ClaimStatus;
  readonly priority: number;
  /** When it was set: the greater stamp wins, and decides which is newest. */
  readonly stamp: HybridMicros;
  /** When its writer says that it was written. */
  readonly at?: DayMs;
  /** When it begins. */
  readonly from?: DayMs;
  /** When it ends unless its writer renews it; never shown. */
  readonly leaseUntil?: DayMs;
  /** When its writer prolonged the lease last, if it did. */
  readonly renewed?: HybridMicros;
}

/** That a service said something, and when. */
export interface Word {
  readonly stamp: HybridMicros;
  readonly at?: DayMs;
}

/** The person's own claim, or (status `null`) its clearing, as one stamped value. */
export interface OwnClaim extends Adornment {
  readonly status: ClaimStatus | null;
  readonly stamp: HybridMicros;
}

/**
 * What a person says of themselves beside their status, or (nothing but the stamp) that it was cleared or has ended. The
 * greater stamp wins.
 */
export interface Note extends Adornment {
  readonly stamp: HybridMicros;
}

/** What others see of one user: the source of every presence object that leaves the service. */
export interface View extends Adornment {
  readonly user: string;
  readonly status: Status;
  /** When the status began; 0 while the user was never seen, and where others may not know it. */
  readonly since: DayMs;
  /** Strictly rising over the user's transitions; 0 while the user was never seen. */
  readonly ver: HybridMicros;
  /** When the user was last active; absent while `online` and while never seen. */
  readonly lastSeen?: DayMs;
  readonly name?: string;
  /** What the person says of themselves, whatever the status is. */
  readonly note?: Adornment;
  /** Device kinds that are connected, in the order of {@link DEVICES}; empty while `offline`. */
  readonly devices: readonly Device[];
  /**
   * Kinds that are in use, where the read asked for them: for services and for oneself. Absent while `offline`, and
   * never part of a frame.
   */
  readonly active?: readonly Device[];
  /** Groups that others know the user to be in, for watchers of groups; never part of a presence object. */
  readonly groups?: readonly string[];
}

/** A value with its own stamp: the `iat` (s) of the token that carried it, 0 for a token without. */
export interface Stamped<T> {
  readonly value: T;
  readonly iat: number;
}

/** What tokens say about a user. Name and groups have a stamp each, because a token may carry one without the other. */
export interface Profile {
  readonly name?: Stamped<string> | undefined;
  readonly groups?: Stamped<readonly string[]> | undefined;
}

/** The groups a person is in by the newest token, whether others may see it or not. Never part of a {@link View}. */
export interface OwnGroups {
  readonly groups: readonly string[];
  /** `iat` (s) of that token; 0 for a token without. */
  readonly stamp: number;
}

/** A change of what others see of one user, as recorded in the log. */
export interface Transition extends View {
  readonly tenant: string;
  readonly previous: Status;
  readonly reason: Reason;
}

/** A tenant and a user in it. Tenants contain no colon, so `tenant:user` names one user without ambiguity. */
export interface UserRef {
  readonly tenant: string;
  readonly user: string;
  /** Keeps a {@link ServiceRef} from being taken for a user at compile time. */
  readonly service?: undefined;
}
export type UserKey = `${string}:${string}`;

export const userKey = (ref: UserRef): UserKey => `${ref.tenant}:${ref.user}`;

/** Tenant of the tokens of services that name a tenant in each request. No tenant has this id. */
export const ANY_TENANT = '*';

/** A service of all tenants. It is a user of none of them, whatever the ids of their users are. */
export interface ServiceRef {
  readonly tenant: typeof ANY_TENANT;
  readonly service: string;
  readonly user?: undefined;
}

/** The owner of a token: the key of revocations, rate limits and connections that only watch. */
export type TokenOwner = UserRef | ServiceRef;

/** The `sub` of the tokens of an owner. */
export const subOf = (owner: TokenOwner): string =>
  owner.service === undefined ? owner.user : owner.service;

/** No key of a service is that of a user: see {@link ANY_TENANT}. */
export const ownerKey = (owner: TokenOwner): UserKey => `${owner.tenant}:${subOf(owner)}`;

/** The owner of tokens with these claims. */
export const tokenOwner = (tenant: string, sub: string): TokenOwner =>
  tenant === ANY_TENANT ? { tenant, service: sub } : { tenant, user: sub };

export const ownerOfKey = (key: string): TokenOwner => {
  const { tenant, user } = userRef(key);
  return tokenOwner(tenant, user);
};

/**
 * The stored row that keeps the revocation of an owner. A service's row is the row of no user: it shows no presence.
 */
export const rowOfOwner = (owner: TokenOwner): UserRef => ({ tenant: owner.tenant, user: subOf(owner) });

export const userRef = (key: string): UserRef => {
  const colon = key.indexOf(':');
  return { tenant: key.slice(0, colon), user: key.slice(colon + 1) };
};

/** The periods the rules depend on, in milliseconds; 0 turns an idle limit off. */
export interface Policy {
  readonly idleAwayMs: number;
  readonly idleOfflineMs: number;
  readonly graceMs: number;
  readonly retentionMs: number;
  /** At most `burst` transitions of one person at once, and then one every `intervalMs`; absent: any number. */
  readonly damping?: { readonly burst: number; readonly intervalMs: number };
  /** How long a revocation refuses tokens: as long as a token issued before it can be valid. */
  readonly revocationMs: number;
}
