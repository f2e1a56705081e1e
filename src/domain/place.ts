import type { DayMs, HybridMicros, StoreMs } from './clock.ts';
import type { Reason } from './model.ts';

/** What happened to a member of a place. */
export type PlaceChange = 'entered' | 'changed' | 'left';

/** Why: as of a transition, or the member's own word. */
export type PlaceReason = Reason | 'enter' | 'leave' | 'data';

/** A member of a place as others see them. */
export interface PlaceMember {
  readonly user: string;
  readonly name?: string;
  /** For watchers who see only people of their groups; never shown. */
  readonly groups?: readonly string[];
  /** A JSON object as text. */
  readonly data?: string;
  /** When the visible stay began. */
  readonly since: DayMs;
  readonly ver: HybridMicros;
}

/** A change of what others see in a place, as recorded in the log. Of `left`, `since` is when they left. */
export interface PlaceTransition extends PlaceMember {
  readonly tenant: string;
  readonly place: string;
  readonly change: PlaceChange;
  readonly reason: PlaceReason;
}

/** Places that one user is in at once, and bytes of data in all of them together. A row is read and written whole. */
export const MAX_PLACES = 64;
export const MAX_PLACE_DATA = 16_384;
/** Nodes and sessions by which one user is in places, summed over these. */
export const MAX_PLACE_PARTS = 1024;

/** What the connections of one user on one node, or one session, say of a place. */
export interface Part {
  /** Newest entering of those that are in it. */
  readonly enteredAt: StoreMs;
  /** A JSON object as text; the newest that is alive there. */
  readonly data?: string | undefined;
  /** When the data was said; 0 for none. */
  readonly stamp: HybridMicros;
  /** The latest moment (s) at which the token that entered can have been issued; 0 unknown. */
  readonly issued: number;
}

/** The grace of a place: until it ends, lost connections still count, with the data that they had. */
export interface PlaceGrace {
  /** Newest unclean close. */
  readonly startedAt: StoreMs;
  readonly durationMs: number;
  /** A node died, not a socket. */
  readonly nodeLost: boolean;
  readonly data?: string | undefined;
  readonly stamp: HybridMicros;
}

/** One user in one place: by what they are in it, and what others were last shown. */
export interface Stay {
  readonly nodes: Map<string, Part>;
  readonly sessions: Map<string, Part>;
  grace?: PlaceGrace | undefined;
  /** Closes up to it start no grace: the user entered or left later. Absent: the newest entering of the parts says it. */
  settledAt?: StoreMs | undefined;
  /** Why the change that is not shown yet is to be shown. */
  why?: PlaceReason | undefined;
  /** When others were shown that the user came; 0 while they are not shown there. */
  since: DayMs;
  /** Of the newest change that others were shown; 0 for none. */
  ver: HybridMicros;
  /** The data that others are shown. */
  data?: string | undefined;
  /** The newest change was one of data. */
  isChanged?: boolean | undefined;
  /** A node's view restored what was lost: the index does not have it yet. */
  isRestored?: boolean | undefined;
  /** When the bucket of changes is full again, unless `ver` implies it: see damping.ts. */
  fullAt?: StoreMs | undefined;
}

/** That everybody, or one user, was put out of a place. */
export interface PutOut {
  /** Enterings up to it no longer count. */
  readonly at: StoreMs;
  /** Tokens that this revocation (s) refuses do not enter again. */
  readonly revoked: number;
}
