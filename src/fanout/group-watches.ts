import { goneFrame } from '../protocol/server-frames.ts';
import type { CachedUser } from './cached-user.ts';
import type { GroupReader, GroupRoster } from './group-roster.ts';

/** The connection, as its group watches need it. */
export interface GroupOwner {
  watches(user: CachedUser): boolean;
  /** How many users the connection watches. */
  readonly count: number;
  readonly ceiling: number;
  /** Watches a user from now on, and sends their newest view. */
  follow(user: CachedUser, now: number): void;
  /** Ends the watch of a user. */
  unfollow(user: CachedUser): void;
  /** The user was asked for by id as well, in an answer that waits. */
  isAwaited(user: CachedUser): boolean;
  /** The whole tenant is watched: leaving a group takes nobody out of sight. */
  readonly seesEveryone: boolean;
  /** No watch of this group any more. */
  left(roster: GroupRoster): void;
  say(frame: string): void;
}

/** The groups one connection watches, and whom it watches only because of them. */
export class GroupWatches implements GroupReader {
  readonly rosters = new Set<GroupRoster>();
  readonly #owner: GroupOwner;
  /** Watched as members, and not by id. */
  readonly #members = new Set<CachedUser>();

  constructor(owner: GroupOwner) {
    this.#owner = owner;
  }

  find(name: string): GroupRoster | undefined {
    for (const roster of this.rosters) if (roster.name === name) return roster;
    return undefined;
  }

  /** The snapshot of a group is about to be sent: its changes follow. @returns whether it was not watched before. */
  join(roster: GroupRoster): boolean {
    if (this.rosters.has(roster)) return false;
    this.rosters.add(roster);
    roster.readers.add(this);
    return true;
  }

  /** A member is watched from now on who was not before. */
  add(user: CachedUser): void {
    this.#members.add(user);
  }

  isMemberOnly(user: CachedUser): boolean {
    return this.#members.has(user);
  }

  /** Asked for by id as well: leaving a group does not end that. */
  named(user: CachedUser): void {
    this.#members.delete(user);
  }

  /** No longer watched by id. @returns whether a group keeps them. */
  unnamed(user: CachedUser): boolean {
    if (!this.#has(user)) return false;
    this.#members.add(user);
    return true;
  }

  /** Ends the watch of a group. @returns users who went out of sight with it. */
  leave(roster: GroupRoster): string[] {
    if (!this.rosters.delete(roster)) return [];
    roster.readers.delete(this);
    const gone: string[] = [];
    for (const user of roster.members) if (this.#drop(user)) gone.push(user.user);
    this.#owner.left(roster);
    return gone;
  }

  /** The watch of a user ended for another reason. */
  forget(user: CachedUser): void {
    this.#members.delete(user);
  }

  memberJoined(roster: GroupRoster, user: CachedUser, now: number): void {
    if (!this.rosters.has(roster) || this.#owner.watches(user)) return;
    if (this.#owner.count >= this.#owner.ceiling) {
      this.#outgrown(roster);
      return;
    }
    this.#members.add(user);
    this.#owner.follow(user, now);
  }

  memberLeft(_roster: GroupRoster, user: CachedUser): void {
    if (this.#drop(user) && !this.#owner.seesEveryone) this.#owner.say(goneFrame({ users: [user.user] }));
  }

  /** @returns whether the user is watched no longer. */
  #drop(user: CachedUser): boolean {
    if (!this.#members.has(user) || this.#has(user)) return false;
    this.#members.delete(user);
    if (this.#owner.isAwaited(user)) return false;
    this.#owner.unfollow(user);
    return true;
  }

  #has(user: CachedUser): boolean {
    for (const roster of this.rosters) if (roster.members.has(user)) return true;
    return false;
  }

  #outgrown(roster: GroupRoster): void {
    const users = this.leave(roster);
    this.#owner.say(goneFrame({ groups: [roster.name], ...(users.length > 0 && { users }) }));
    this.#owner.say(OUTGROWN);
  }
}

const OUTGROWN = JSON.stringify({
  type: 'error',
  code: 'too_many_watches',
  message: 'the group has grown beyond what one connection may watch',
});
