import { EMPTY, type SmallSet, sizeOf } from './small-set.ts';
import type { ViewRecord } from './view-record.ts';

/** A connection that watches a user by id and has sent their snapshot. */
export interface Subscriber {
  /** The user's record was replaced by a newer one. */
  changed(user: CachedUser, now: number): void;
  /** What is known of the user's groups changed: under the policy of groups they may be out of sight now. */
  regrouped(user: CachedUser): void;
  /** Everything of the user was forgotten. */
  forgotten(user: CachedUser): void;
}

/**
 * One user somebody on this node watches. It exists before the first read of them is sent and takes events from then
 * on. The object is also the generation of the registration: when the last watcher goes, it goes, and a read that
 * comes back for it later finds nobody.
 */
export class CachedUser {
  readonly user: string;
  readonly partition: number;
  record: ViewRecord | undefined;
  /** A read confirmed the record; one that came as an event while nothing was known may be older than the store's. */
  confirmed = false;
  /** The read under way, shared by all who wait for it. */
  read: Promise<void> | undefined;
  /** Connections that asked for the user and have not been sent the snapshot yet. */
  holds = 0;
  /** Connections that get changes. Who is not in here has not been sent the snapshot. */
  subscribers: SmallSet<Subscriber> = EMPTY;

  /** Watched groups the user is in. */
  memberOf: SmallSet<{ readonly name: string }> = EMPTY;
  /** All groups the user is in; kept only where the policy needs it. */
  groups: readonly string[] | undefined;
  /** An event told the groups after the read under way was sent, so that the read does not know better. */
  groupsTold = false;

  /** A read told the watchers of the tenant first: the event is under way, and must find what it is compared with. */
  eventDue = false;

  /** Place in the tenant's {@link ChangeList}; 0 while unchanged since somebody began to watch the tenant. */
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

  /** Somebody asked for this very user. */
  get referenced(): boolean {
    return this.holds > 0 || sizeOf(this.subscribers) > 0 || sizeOf(this.memberOf) > 0;
  }
}
