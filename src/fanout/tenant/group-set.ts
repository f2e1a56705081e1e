import type { CachedUser } from '../views/cached-user.ts';
import type { SharedRead } from './shared-read.ts';

/** A connection that watches a group. */
export interface GroupReader {
  /** A user is in the group from now on; their newest view is in the cache. */
  memberJoined(set: GroupSet, user: CachedUser, now: number): void;
  /** A user is in the group no longer: nothing newer of theirs may be sent because of it. */
  memberLeft(set: GroupSet, user: CachedUser): void;
  /** The same, because everything of the user was forgotten. */
  memberForgotten(set: GroupSet, user: CachedUser): void;
  /** That was all of one event or one reading: `members` frames may be sent. */
  membersSettled(now: number): void;
  /** The group grew too large to be watched: the watch is over. */
  groupOutgrown(set: GroupSet): void;
}

/**
 * The members of a watched group, online or not, kept by the feed once they were read. It lasts as long as a
 * connection needs it; the object is the generation of what is read for it.
 */
export class GroupSet {
  readonly name: string;
  readonly members = new Set<CachedUser>();
  /** Connections that were sent the snapshot or are about to be. */
  readonly readers = new Set<GroupReader>();
  /** Connections that watch the group, and answers that wait to. */
  interest = 0;
  complete = false;
  readonly reading: SharedRead;

  constructor(name: string, reading: (set: GroupSet) => SharedRead) {
    this.name = name;
    this.reading = reading(this);
  }
}
