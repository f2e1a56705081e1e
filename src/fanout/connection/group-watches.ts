import type { GroupReader, GroupSet } from '../tenant/group-set.ts';
import type { TenantCache } from '../tenant/tenant-cache.ts';
import type { CachedUser } from '../views/cached-user.ts';
import type { Watching } from '../watching.ts';
import type { Outbox } from './outbox.ts';
import { groupOutgrownFrame } from './refusal.ts';
import type { Watched } from './watched.ts';

/** The connection that watches the groups. */
export interface GroupWatchesOwner {
  readonly watched: Watched;
  readonly outbox: Outbox;
  /** The whole tenant is watched: no user of it is gone by leaving a group. */
  readonly watchesTenant: boolean;
  /** Who is watched by id may be out of sight. */
  regrouped(user: CachedUser): void;
}

/** The groups that one connection watches: who is in them is watched, and their lists are kept right. */
export class GroupWatches implements GroupReader {
  readonly #node: Watching;
  readonly #tenantName: string;
  readonly #owner: GroupWatchesOwner;

  constructor(node: Watching, tenantName: string, owner: GroupWatchesOwner) {
    this.#node = node;
    this.#tenantName = tenantName;
    this.#owner = owner;
  }

  /** An answer that shows the group begins. */
  join(tenant: TenantCache, set: GroupSet): void {
    const { watched, outbox } = this.#owner;
    outbox.dropNews(set);
    if (watched.groups.has(set)) {
      this.#node.groups.leave(tenant, set);
      return;
    }
    watched.groups.add(set);
    set.readers.add(this);
    this.#node.context.meter.watches += 1;
    for (const user of set.members) if (watched.enrol(user, outbox)) outbox.leaveToAnswers(user);
  }

  /** @returns users who are watched no longer. */
  drop(tenant: TenantCache, set: GroupSet): string[] {
    const { watched, outbox } = this.#owner;
    watched.groups.delete(set);
    set.readers.delete(this);
    outbox.dropNews(set);
    for (const answer of watched.answers) if (answer.begun) answer.withoutList(set);
    const gone: string[] = [];
    for (const user of [...set.members]) if (watched.disenrol(tenant, set, user)) gone.push(user.user);
    this.#node.context.meter.watches -= 1;
    this.#node.groups.leave(tenant, set);
    outbox.unlisted(this.#node.context.timing.now());
    return gone;
  }

  memberJoined(set: GroupSet, user: CachedUser, now: number): void {
    const { watched, outbox } = this.#owner;
    const isNew = watched.enrol(user, outbox);
    if (watched.asked > this.#node.limits.groupCeiling) {
      this.groupOutgrown(set);
      return;
    }
    const list = watched.listing(set);
    list?.users.add(user);
    outbox.memberJoined(set, user, { isNew, isListed: list !== undefined }, now);
  }

  memberLeft(set: GroupSet, user: CachedUser): void {
    this.#left(set, user);
  }

  memberForgotten(set: GroupSet, user: CachedUser): void {
    if (this.#left(set, user)) this.#owner.outbox.takeAway([], [user.user], !this.#owner.watchesTenant);
  }

  membersSettled(now: number): void {
    this.#owner.outbox.sendNews(now);
  }

  groupOutgrown(set: GroupSet): void {
    const tenant = this.#node.cache.find(this.#tenantName);
    if (tenant === undefined) return;
    const { outbox, watchesTenant } = this.#owner;
    const members = [...set.members];
    const users = this.drop(tenant, set);
    outbox.takeAway([set.name], users, !watchesTenant);
    for (const user of members) this.#owner.regrouped(user);
    outbox.say(groupOutgrownFrame(set.name));
  }

  /** @returns whether the user is watched no longer. */
  #left(set: GroupSet, user: CachedUser): boolean {
    const tenant = this.#node.cache.find(this.#tenantName);
    if (tenant === undefined) return false;
    const { watched, outbox, watchesTenant } = this.#owner;
    if (watched.isOnlyIn(set, user) && !watchesTenant) outbox.memberGone(user);
    const isTold = watched.unlist(set, user);
    outbox.memberLeft(set, user, isTold);
    const isUnwatched = watched.disenrol(tenant, set, user);
    this.#owner.regrouped(user);
    if (!isTold) outbox.unlisted(this.#node.context.timing.now(), [user]);
    return isUnwatched;
  }
}
