import type { DayMs, HybridMicros } from './clock.ts';
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
