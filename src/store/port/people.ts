import type { DayMs } from '../../domain/clock.ts';
import type { Adornment, ClaimStatus, Device, Note, OwnClaim, UserRef } from '../../domain/model.ts';
import type { SelfView } from './views.ts';

/** Changes of one user by callers without a socket. */
export interface People {
  /** Sets or clears the person's own claim without a socket. Resolves once stored. Errors as `Views.read`. */
  claimOwn(ref: UserRef, claim: ClaimRequest): Promise<SelfView>;
  /**
   * Sets a person's note, or clears it with one that says nothing; also while the user is offline or hides. The later
   * of two counts, whether the person or a service said it. Errors as `Views.read`.
   */
  note(ref: UserRef, note: NoteRequest): Promise<SelfView>;
  /**
   * Sets the claim of a service, or clears it with `null`; also while the user is offline. Errors as `Views.read`.
   * An older word of the source changes nothing, and one of the same `at` is a repetition that changes nothing either.
   * @param at - ms, when the service says that it cleared the claim.
   * @throws StoreError `too_many_claims` for a ninth source, `outdated`.
   */
  claim(ref: UserRef, source: string, claim: ServiceClaim | null, at?: DayMs): Promise<SelfView>;
  /**
   * Begins a session, presence without a socket, or prolongs it. The first call is activity, later ones only when they
   * say so. Errors as `Views.read`.
   * @throws StoreError `too_many_sessions` for a 17th, `revoked` when the profile's token is.
   */
  keepSession(ref: UserRef, id: string, session: SessionRequest, profile: CallerProfile): Promise<SelfView>;
  /** A goodbye of one session; a no-op when there is none. Errors as `Views.read`. */
  endSession(ref: UserRef, id: string): Promise<void>;
  /**
   * "I was active now", from a user without a socket: moves `lastSeen`, makes no user present and no connection
   * active. A user who is connected but became `offline` for being idle too long is `away` again. Errors as {@link
   * keepSession}.
   */
  touch(ref: UserRef, profile: CallerProfile): Promise<SelfView>;
  /**
   * A backend's word on a user's groups as of now; also while the user is offline. It counts as that of a token issued
   * in 5 s, and as newer than what is known. Errors as `Views.read`.
   */
  regroup(ref: UserRef, groups: readonly string[]): Promise<SelfView>;
}

/** What a person sets as their own claim: `status` null clears. The store or the node that takes it gives the stamp. */
export type ClaimRequest = Omit<OwnClaim, 'stamp'>;

/** What a person, or a service for them, says beside the status. The store gives the stamp. */
export type NoteRequest = Omit<Note, 'stamp'>;

/** A claim as a service sets it; the store gives the stamp. Services may not hide a user. */
export interface ServiceClaim extends Adornment {
  readonly status: Exclude<ClaimStatus, 'invisible'>;
  /** 0–200. */
  readonly priority: number;
  /** When the service says that it wrote it; absent: now. */
  readonly at?: DayMs;
  readonly from?: DayMs;
  /** It ends after so long unless it is set again. */
  readonly leaseMs?: number;
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
