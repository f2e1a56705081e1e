import type { UserRef } from '../../domain/model.ts';
import type { PlaceMember } from '../../domain/place.ts';
import type { CallerProfile } from './people.ts';

/** Who is in a place as others see it, and how those without a socket enter one. */
export interface Places {
  /** Everybody shown in a place; `undefined` when there are more than `max`. Errors as `Views.read`. */
  members(tenant: string, place: string, max: number): Promise<readonly PlaceMember[] | undefined>;
  /** Those who have been there longest, at most `n`, and how many are there. Errors as `Views.read`. */
  top(tenant: string, place: string, n: number): Promise<PlaceTop>;
  /** A stable page by user id within partitions; each member once. Errors as `Views.page`. */
  page(tenant: string, place: string, limit: number, cursor?: string): Promise<PlacePage>;
  /** How many are shown in each of some places, in the order asked. Errors as `Views.read`. */
  counts(tenant: string, places: readonly string[]): Promise<readonly number[]>;
  /** Where others see a user, in the order in which they came there. Errors as `Views.read`. */
  of(ref: UserRef): Promise<readonly string[]>;
  /**
   * A session enters a place, or says other data there. Resolves with the places of the session.
   * @param data - a JSON object as text; absent: none.
   * @throws StoreError `not_found` without such a session, `too_many_places`, `revoked` when the profile's token is,
   * `put_out` when it was issued before everybody, or this user, was put out. Other errors as `Views.read`.
   */
  enter(
    ref: UserRef,
    session: string,
    place: string,
    data: string | undefined,
    profile: CallerProfile,
  ): Promise<readonly string[]>;
  /** A session leaves a place; a no-op where it is in none. Errors as `Views.read`. */
  leave(ref: UserRef, session: string, place: string): Promise<void>;
  /** The places of a session, also of a hidden user. Errors as `Views.read`. */
  ofSession(ref: UserRef, session: string): Promise<readonly string[]>;
  /**
   * Puts everybody, or one user, out of a place as of now: nodes and sessions enter again only with a token issued
   * later, by the rules of `Endings.revoke`. Errors as `Views.read`.
   */
  putOut(tenant: string, place: string, user?: string): Promise<void>;
}

export interface PlaceTop {
  readonly users: readonly PlaceMember[];
  readonly total: number;
}

export interface PlacePage extends PlaceTop {
  /** Opaque; absent on the last page. */
  readonly cursor?: string;
}
