import type { Claim, Device, OwnClaim, Transition, View } from '../domain/model.ts';

/** Everything that makes a user's status what it is, for operators. Times are ms since the epoch by the store's clock. */
export interface Explanation {
  readonly view: View;
  /** What others would see if the user were not invisible; for debugging. */
  readonly invisible: boolean;
  readonly nodes: readonly {
    /** `<id>.<epoch>` */
    readonly node: string;
    readonly connections: number;
    readonly openedAt: number;
    /** Absent while the connections have inherited what the user was. */
    readonly activeAt?: number;
    readonly idle: boolean;
    readonly devices: readonly Device[];
    /** Those that their node reports as in use. */
    readonly active: readonly Device[];
  }[];
  readonly sessions: readonly {
    readonly id: string;
    readonly expiresAt: number;
    readonly activeAt: number;
    readonly idle: boolean;
    readonly devices: readonly Device[];
  }[];
  readonly own?: OwnClaim;
  readonly claims: readonly (Claim & { readonly source: string })[];
  /** Source of the claim that counts, if one does. */
  readonly counts?: string;
  /** The running grace. */
  readonly grace?: { readonly since: number; readonly endsAt: number; readonly nodeLost: boolean };
  /** When time alone may change the status next. */
  readonly nextDeadline?: number;
  /** When the damped change is shown, ms; absent when none waits. */
  readonly waitsUntil?: number;
  readonly lastActive?: number;
  readonly revokedAt?: number;
  readonly groups: readonly string[];
  /** Newest first, at most five: as many as the log still holds. */
  readonly transitions: readonly Transition[];
}
