import type { Adornment, ClaimStatus, Device } from '../domain/model.ts';

/** A claim as a service sets it; who stores it gives the stamp. Services may not hide anybody. */
export interface ServiceClaim extends Adornment {
  readonly status: Exclude<ClaimStatus, 'invisible'>;
  /** 0–200. */
  readonly priority: number;
}

/** What the token of a call without a socket says of its user; see `Entry`. */
export interface Profile {
  readonly name?: string;
  readonly groups?: readonly string[];
  /** s; 0 for none. */
  readonly iat: number;
}

export interface SessionRequest {
  readonly ttlMs: number;
  /** What the call says of activity; without it only the first call of a session is activity. */
  readonly activity?: 'active' | 'idle';
  readonly device: Device;
}

/** Of a group: members who are not offline, and all of them. */
export interface GroupCounts {
  readonly present: number;
  readonly members: number;
}

/** Tokens of a user issued up to 5 s after `at` (s), and those without `iat`, are refused. */
export interface Revocation {
  readonly tenant: string;
  readonly user: string;
  readonly at: number;
}
