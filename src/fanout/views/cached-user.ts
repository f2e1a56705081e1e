import { EMPTY, type SmallSet, sizeOf } from '../small-set.ts';
import type { KnownGroups } from '../visibility.ts';
import type { ViewRecord } from './view-record.ts';

/** A connection that watches a user, by id or as a member of a group. */
export interface Subscriber {
  /** The user's record was replaced by a newer one. */
  changed(user: CachedUser, now: number): void;
  /** What is known of the user's groups changed: under the policy of groups they may not be visible any more. */
  regrouped(user: CachedUser): void;
  /** Everything of the user was forgotten. */
  forgotten(user: CachedUser): void;
}

/** One call of the store for some users. */
export interface UserRead {
  readonly done: Promise<void>;
  /** Who was asked for meanwhile, and the read of them that begins when this one ends. */
  next: { readonly users: Set<CachedUser>; readonly done: Promise<void> } | undefined;
}

/**
 * One user that a connection of this node watches. It exists before the first read of them is sent and takes events from then
 * on. The object is also the generation of the registration: when the last watcher goes, it goes, and a read that
 * comes back for it later finds no user.
 */
export class CachedUser {
  readonly user: string;
  readonly partition: number;
  record: ViewRecord | undefined;
  /** A read confirmed the record; one that came as an event while nothing was known may be older than the store's. */
  confirmed = false;
  /** The latest reading of the user, by when it began: of two that say the same version the later one counts. */
  readAt = 0;
  /** The read under way. Who asks meanwhile shares the next one. */
  read: UserRead | undefined;
  /** One for each answer that has not begun and asks for the user, and one for each connection that watches them. */
  holds = 0;
  /** Connections that watch the user. */
  subscribers: SmallSet<Subscriber> = EMPTY;

  /** Watched groups the user is in. */
  memberOf: SmallSet<{ readonly name: string }> = EMPTY;
  /** All groups the user is in; kept only where the policy needs it. */
  groups: KnownGroups = 'unknown';

  /** A read informed the watchers of the tenant first. The event is under way, and must find what it is compared with. */
  eventDue = false;

  /** Place in the tenant's {@link ChangeList}; 0 while unchanged since the watch of the tenant began. */
  seq = 0;
  listed = false;
  older: CachedUser | undefined;
  newer: CachedUser | undefined;

  constructor(user: string, partition: number) {
    this.user = user;
    this.partition = partition;
  }

  get present(): boolean {
    return this.record !== undefined && this.record.view.status !== 'offline';
  }

  /** A connection asked for this very user, or for a group they are in. */
  get referenced(): boolean {
    return this.holds > 0 || sizeOf(this.memberOf) > 0;
  }
}
