/** What others see of a user. */
export type Status = 'online' | 'away' | 'busy' | 'offline';

/** Why a transition was made. */
export type Reason =
  | 'connect'
  | 'disconnect'
  | 'goodbye'
  | 'node_lost'
  | 'idle'
  | 'active'
  | 'claim'
  | 'expired'
  | 'note'
  | 'revoked'
  | 'resync';

/** What a person says of themselves beside their status. */
export interface Note {
  readonly text?: string;
  readonly emoji?: string;
  readonly until?: string;
}

/** What others see of one user, as the HTTP API answers it. Times are RFC 3339 in UTC. */
export interface Presence {
  readonly user: string;
  readonly status: Status;
  readonly since?: string;
  readonly lastSeen?: string;
  /** Rises with every transition of the user; 0 of a user that Rollcall does not know. */
  readonly ver: number;
  readonly name?: string;
  readonly text?: string;
  readonly emoji?: string;
  readonly until?: string;
  readonly note?: Note;
  readonly devices?: readonly string[];
  readonly active?: readonly string[];
}

/** A change of what others see of one user. */
export interface Transition extends Omit<Presence, 'devices' | 'active'> {
  readonly tenant: string;
  readonly previous: Status;
  readonly groups?: readonly string[];
  readonly reason: Reason;
}

/** Everything of a user was forgotten: they are offline and were never seen. */
export interface Forgotten {
  readonly tenant: string;
  readonly user: string;
  /** Above that of every transition before it. */
  readonly ver: number;
}

/** Data that a member of a place has, a JSON object. */
export type PlaceData = Readonly<Record<string, unknown>>;

/** A user came into a place, told other data there, or left it. */
export interface PlaceChange {
  readonly tenant: string;
  readonly place: string;
  readonly user: string;
  readonly change: 'entered' | 'changed' | 'left';
  readonly data?: PlaceData;
  readonly since?: string;
  readonly name?: string;
  readonly reason: Reason | 'enter' | 'leave' | 'data';
  /** Rises with every change of this user in this place. */
  readonly ver: number;
}

/** The first member came into a place, or the last one left it. Sent at least once; the last one counts. */
export interface Occupancy {
  readonly tenant: string;
  readonly place: string;
}

/** One member of a place, as the HTTP API answers it. */
export interface PlaceMember {
  readonly user: string;
  readonly name?: string;
  readonly data?: PlaceData;
  readonly since: string;
  readonly ver: number;
}

/** The envelope of an event: CloudEvents 1.0 in JSON, as it came. */
interface CloudEvent<Type extends string, Data> {
  readonly type: Type;
  readonly id: string;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly data: Data;
}

export type TransitionEvent = CloudEvent<'rollcall.transition', Transition>;
export type ForgottenEvent = CloudEvent<'rollcall.forgotten', Forgotten>;
export type PlaceEvent = CloudEvent<'rollcall.place', PlaceChange>;
export type OccupancyEvent = CloudEvent<'rollcall.place.occupied' | 'rollcall.place.vacated', Occupancy>;

/** An event that changes what a follower holds. `type` distinguishes them; types that come later are passed over. */
export type FollowedEvent = TransitionEvent | ForgottenEvent | PlaceEvent | OccupancyEvent;
