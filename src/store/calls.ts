import type { Adornment, ClaimStatus, Device, TokenOwner } from '../domain/model.ts';

/** A claim as a service sets it; the store gives the stamp. Services may not hide a user. */
export interface ServiceClaim extends Adornment {
  readonly status: Exclude<ClaimStatus, 'invisible'>;
  /** 0–200. */
  readonly priority: number;
}

/** What the token of a call without a socket says about its user; see `Entry`. */
export interface CallerProfile {
  readonly name?: string;
  readonly groups?: readonly string[];
  /** s; 0 for none. */
  readonly iat: number;
  /** The latest moment (s) at which the token can have been issued, for revocations; absent: {@link iat}. */
  readonly issued?: number;
}

export interface SessionRequest {
  readonly ttlMs: number;
  /** The activity that the call reports; without it only the first call of a session is activity. */
  readonly activity?: 'active' | 'idle';
  readonly device: Device;
}

/** Of a group: members who are not offline, and all of them. */
export interface GroupCounts {
  readonly present: number;
  readonly members: number;
}

/**
 * Tokens of an owner that are refused: those without `iat`, and those issued up to 5 s after the second `at`. A fraction of
 * `at` takes off as many ms: see `refusedBefore` of the domain.
 */
export type Revocation = TokenOwner & { readonly at: number };
