import type { View } from '../../domain/model.ts';
import type { GroupViews } from '../../store/port/groups.ts';
import type { FanoutContext } from '../context.ts';
import { WatchError } from '../fanout.ts';
import type { WatchLimits } from '../limits.ts';
import { added, removed } from '../small-set.ts';
import type { CachedUser } from '../views/cached-user.ts';
import type { Reading } from '../views/readings.ts';
import type { ViewCache } from '../views/view-cache.ts';
import { GroupRoster } from './group-roster.ts';
import { Rests } from './rests.ts';
import { SharedRead } from './shared-read.ts';
import type { TenantCache } from './tenant-cache.ts';
import { TooLarge } from './too-large.ts';

/** Reads the members of watched groups, and keeps them as the feed tells who joins and leaves. */
export class Groups {
  readonly #views: GroupViews;
  readonly #cache: ViewCache;
  readonly #context: FanoutContext;
  readonly #limits: WatchLimits;
  readonly #tooLarge: TooLarge;
  readonly #rests: Rests;

  constructor(views: GroupViews, cache: ViewCache, context: FanoutContext, limits: WatchLimits) {
    this.#views = views;
    this.#cache = cache;
    this.#context = context;
    this.#limits = limits;
    this.#tooLarge = new TooLarge(context.timing);
    this.#rests = new Rests(context.timing);
  }

  /** Somebody wants the members; {@link leave} undoes it. @throws WatchError when the group was too large just now. */
  enter(tenant: TenantCache, group: string): GroupRoster {
    let roster = tenant.groups.get(group);
    if (roster === undefined) {
      if (this.#tooLarge.has(tenant.name, group)) throw tooManyMembers();
      const reading = (of: GroupRoster): SharedRead =>
        new SharedRead(
          () => this.#load(tenant, of),
          this.#context.timing,
          this.#rests.of(tenant.name, group),
        );
      roster = new GroupRoster(group, reading);
      tenant.groups.set(group, roster);
    }
    roster.interest += 1;
    return roster;
  }

  /**
   * Reads the members, not earlier than now. While the store is away, who is known to be in it has to do.
   * @returns whether it was read. Rejects as the store does, or with a WatchError when the group is too large.
   */
  async fresh(roster: GroupRoster, isAway: boolean): Promise<boolean> {
    if (isAway && roster.complete) return false;
    try {
      await roster.reading.ask();
      return true;
    } catch (error) {
      if (!roster.complete || error instanceof WatchError) throw error;
      return false;
    }
  }

  leave(tenant: TenantCache, roster: GroupRoster): void {
    roster.interest -= 1;
    if (roster.interest > 0 || tenant.groups.get(roster.name) !== roster) return;
    tenant.groups.delete(roster.name);
    // Whoever watches and unwatches a group has it read no more often than who stays.
    this.#rests.keep(tenant.name, roster.name, roster.reading.restUntil);
    for (const user of roster.members) {
      user.memberOf = removed(user.memberOf, roster);
      this.#cache.release(tenant, user);
    }
    roster.members.clear();
    this.#cache.prune(tenant);
  }

  /**
   * After a loss of data: finds who joined and left without this node hearing of it. Also of groups that are read for the
   * first time: that reading may be older than the loss. Errors as the store's.
   */
  async refresh(tenant: TenantCache): Promise<void> {
    for (const roster of [...tenant.groups.values()]) {
      try {
        await roster.reading.ask();
      } catch (error) {
        if (!(error instanceof WatchError)) throw error;
        for (const reader of [...roster.readers]) reader.groupOutgrown(roster);
      }
    }
  }

  /**
   * An event tells all groups a user is in, as of a version. Who lost sight of them by it is told at once, before the
   * news it brings; who watches a group that they come into as well keeps them.
   * @returns the rosters they are new in: to be {@link announce}d once the event's view is in the cache.
   */
  moved(tenant: TenantCache, id: string, groups: readonly string[] | undefined): GroupRoster[] {
    const known = tenant.users.get(id);
    const joined = tenant.groups.size === 0 ? [] : this.#joinAll(tenant, id, groups ?? []);
    if (known !== undefined) this.#leaveOthers(tenant, known, groups ?? []);
    return joined;
  }

  announce(rosters: readonly GroupRoster[], tenant: TenantCache, id: string, now: number): void {
    const user = tenant.users.get(id);
    if (user === undefined) return;
    for (const roster of rosters) for (const reader of roster.readers) reader.memberJoined(roster, user, now);
  }

  /** A user left every group, by being forgotten. */
  left(tenant: TenantCache, user: CachedUser): void {
    this.#leaveOthers(tenant, user, []);
  }

  #joinAll(tenant: TenantCache, id: string, groups: readonly string[]): GroupRoster[] {
    const joined: GroupRoster[] = [];
    for (const group of groups) {
      const roster = tenant.groups.get(group);
      if (roster === undefined) continue;
      const user = this.#cache.user(tenant, id);
      if (roster.members.has(user)) continue;
      this.#include(roster, user);
      joined.push(roster);
    }
    return joined;
  }

  #leaveOthers(tenant: TenantCache, user: CachedUser, groups: readonly string[]): void {
    for (const { name } of user.memberOf) {
      const roster = groups.includes(name) ? undefined : tenant.groups.get(name);
      if (roster !== undefined) this.#exclude(roster, user);
    }
    this.#cache.release(tenant, user);
  }

  #include(roster: GroupRoster, user: CachedUser): void {
    roster.members.add(user);
    user.memberOf = added(user.memberOf, roster);
  }

  #exclude(roster: GroupRoster, user: CachedUser): void {
    roster.members.delete(user);
    user.memberOf = removed(user.memberOf, roster);
    for (const reader of [...roster.readers]) reader.memberLeft(roster, user);
  }

  async #load(tenant: TenantCache, roster: GroupRoster): Promise<void> {
    const isWanted = (): boolean => tenant.groups.get(roster.name) === roster;
    if (!isWanted()) return;
    const { groupMax } = this.#limits;
    const reading = tenant.readings.begin();
    try {
      const views = await this.#views.members(tenant.name, roster.name, groupMax);
      if (!isWanted()) return;
      if (views === undefined) {
        this.#tooLarge.add(tenant.name, roster.name);
        throw tooManyMembers();
      }
      this.#take(tenant, roster, views, reading);
      roster.complete = true;
    } finally {
      reading.end();
    }
  }

  /** Whose groups the feed told since the reading began is in the group as the feed says. */
  #take(tenant: TenantCache, roster: GroupRoster, views: readonly View[], reading: Reading): void {
    const now = this.#context.timing.now();
    const settled = new Set<CachedUser>();
    for (const view of views) {
      if (reading.isForgotten(view.user, view.ver)) continue;
      const user = this.#cache.user(tenant, view.user);
      settled.add(user);
      const { record } = user;
      const isOlder = record !== undefined && view.ver < record.view.ver;
      // Another read that was newer knows their groups as well.
      const isMember = !isOlder || (record.isRead && record.view.groups?.includes(roster.name) === true);
      const isNew = isMember && !reading.isRegrouped(view.user, view.ver) && !roster.members.has(user);
      if (isNew) this.#include(roster, user);
      this.#cache.settle(tenant, user, view, reading, now);
      if (isNew) for (const reader of [...roster.readers]) reader.memberJoined(roster, user, now);
      else this.#cache.release(tenant, user);
    }
    for (const user of [...roster.members]) {
      if (settled.has(user) || reading.isTold(user.user)) continue;
      this.#exclude(roster, user);
      this.#cache.release(tenant, user);
    }
  }
}

export const tooManyMembers = (): WatchError =>
  new WatchError('too_many_watches', 'the group has more members than one connection may watch');
