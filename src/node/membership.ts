import type { Principal } from '../auth/principal.ts';
import type { Device, OwnGroups, UserRef } from '../domain/model.ts';
import type { EndingKind } from '../domain/row.ts';
import type { ClaimRequest, NoteRequest } from '../store/port/people.ts';
import type { SelfView } from '../store/port/views.ts';

/** Any open connection with a token, whether it makes its user present or only watches. */
export interface Evictable {
  /** Replaced by a renewal. */
  readonly principal: Principal;
  /** ms of the process' monotonic clock. */
  readonly openedAt: number;
  readonly device: Device;
  /**
   * An operator or the person ended this connection on all nodes: without a grace, a logout as a goodbye, others with
   * 4403.
   */
  evict(how: EndingKind): void;
}

/** One open connection of a user, present by it or not. */
export interface UserConnection extends Evictable {
  readonly ref: UserRef;
  /**
   * The groups the person is in by the newest token known here, wherever it was used and whether others may see it or
   * not: what they themselves may see follows from these. Their stamp orders them among those of one's own token.
   */
  regrouped(own: OwnGroups): void;
}

/** One open connection as presence sees it; sessions implement it. Times are ms of the process' monotonic clock. */
export interface Member extends UserConnection {
  /** Last activity that this connection reported; -1 while it reported none. */
  readonly activeAt: number;
  /** It reported on opening that the device is not in use. */
  readonly openedIdle: boolean;
  /** Reported idle, or silent for longer than the idle limit. */
  readonly idle: boolean;
  /** What is true of the person and what others see of them, as this node knows now; perhaps as before. */
  itself(self: SelfView): void;
  /**
   * Probes the client now. The connection closes itself (4408) when nothing arrives in time.
   * @param answered - called once, with the first message received; the callback of an earlier call is dropped.
   */
  probe(answered: () => void): void;
  /** The connection is in these places no more, although it did not leave them. */
  putOut(places: readonly string[]): void;
}

/** In which places the connections here are. */
export interface PlaceMembership {
  /**
   * The connection is in a place from now on, or says other data there. Resolves once it is stored. Data that change
   * too often wait, and of those the newest counts.
   * @param data - a JSON object as text; absent: none.
   * @param most - places of one connection.
   * @throws StoreError `too_many_places`, `put_out`, `unavailable`.
   */
  enter(member: Member, place: string, data: string | undefined, most: number): Promise<void>;
  /** The person leaves a place by this connection. Resolves once it is stored. @throws StoreError `unavailable`. */
  exit(member: Member, place: string): Promise<void>;
  /** The connection may be in these places no more. */
  withdraw(member: Member, places: readonly string[]): void;
  /** The places that a connection is in. */
  of(member: Member): readonly string[];
  /** Whether others are shown a user in a place, by a connection here. */
  shows(ref: UserRef, place: string): boolean;
}

/**
 * `unknown` while the store has not answered since they came whether they hide, while their last claim is not stored
 * yet, and while others see them `offline` for any reason: they may be hidden.
 */
export type Hiding = 'hidden' | 'visible' | 'unknown';

/** How a connection ended: a goodbye has no grace, nor has one whose token was revoked; a drain has a longer one. */
export type Leaving = 'goodbye' | 'revoked' | 'lost' | 'drain';

/**
 * Who is connected here. Calls only change memory and mark the user dirty; the flusher brings the store to match.
 */
export interface Membership {
  /**
   * A connection opened. Resolves once the store has recorded it, with what others see of the user; with `undefined`
   * when that is not known within a second (store slow or unreachable). Never rejects.
   */
  join(member: Member): Promise<SelfView | undefined>;
  leave(member: Member, how: Leaving): void;
  /**
   * A connection opened that only watches. It makes no user present, but what its token says about its user counts,
   * and is sent again after a loss while it is open. Resolves as {@link join}, with the groups that the person is in.
   */
  observe(observer: UserConnection): Promise<OwnGroups | undefined>;
  unobserve(observer: UserConnection): void;
  /** The connection's `principal` was renewed: name, groups and `iat` count at once. */
  renewed(connection: UserConnection): void;
  /** The member's `activeAt` or `idle` changed; free unless the user as a whole becomes active or idle here. */
  touched(member: Member): void;
  /** Sets or clears the own claim of a user connected here. Resolves once stored. @throws StoreError `unavailable`. */
  claim(ref: UserRef, claim: ClaimRequest): Promise<void>;
  /** Sets the note of a user connected here, or clears it. Resolves once stored. Errors as `People.note`. */
  note(ref: UserRef, note: NoteRequest): Promise<void>;
  /** What others see of a user connected here; `undefined` while that is not known. */
  selfOf(ref: UserRef): SelfView | undefined;
  /** Open connections of a user on this node, oldest first. */
  membersOf(ref: UserRef): readonly Member[];
  /** Whether a person hides from others. Only for a `visible` person may anything be passed on. */
  hiding(ref: UserRef): Hiding;
  readonly users: number;
  readonly places: PlaceMembership;
}

/** Whether what this node says can be trusted, as a push-style value. */
export interface Health {
  /** The store is unreachable, or still healing after a loss: what watchers see may be stale. */
  readonly degraded: boolean;
  /** This node has joined the cluster: it may receive traffic. Loss of the store later takes this away with hysteresis. */
  readonly ready: boolean;
  /** Called on each flip of `degraded`. @returns a function that unsubscribes. */
  onDegraded(listener: (degraded: boolean) => void): () => void;
}
