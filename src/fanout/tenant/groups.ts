import type { View } from '../../domain/model.ts';
import type { GroupViews } from '../../store/port/groups.ts';
import type { FanoutContext } from '../context.ts';
import { WatchError } from '../fanout.ts';
import type { WatchLimits } from '../limits.ts';
import { added, removed } from '../small-set.ts';
import type { CachedUser } from '../views/cached-user.ts';
import type { Reading } from '../views/readings.ts';
import type { ViewCache } from '../views/view-cache.ts';
import { GroupSet } from './group-set.ts';
import { Rests } from './rests.ts';
import { SharedRead } from './shared-read.ts';
import type { TenantCache } from './tenant-cache.ts';
import { TooLarge } from './too-large.ts';

/** Watched groups that a user joined and left by one event. */
export interface Move {
  readonly joined: readonly GroupSet[];
  readonly left: readonly GroupSet[];
}

export const NO_MOVE: Move = { joined: [], left: [] };

/** Reads the members of watched groups, and keeps them current from the feed: who joins and leaves. */
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

  /** A connection needs the members until {@link leave}. @throws WatchError when the group was too large just now. */
  enter(tenant: TenantCache, group: string): GroupSet {
    let set = tenant.groups.get(group);
    if (set === undefined) {
      if (this.#tooLarge.has(tenant.name, group)) throw tooManyMembers([group]);
      const reading = (of: GroupSet): SharedRead =>
        new SharedRead(
          () => this.#load(tenant, of),
          this.#context.timing,
          this.#rests.of(tenant.name, group),
        );
      set = new GroupSet(group, reading);
      tenant.groups.set(group, set);
    }
    set.interest += 1;
    return set;
  }

  /**
   * Reads the members, not earlier than now. While the store is unreachable, the known members have to do.
   * @returns whether it was read. Rejects as the store does, or with a WatchError when the group is too large.
   */
  async fresh(set: GroupSet, isAway: boolean): Promise<boolean> {
    if (isAway && set.complete) return false;
    try {
      await set.reading.ask();
      return true;
    } catch (error) {
      if (!set.complete || error instanceof WatchError) throw error;
      return false;
    }
  }

  leave(tenant: TenantCache, set: GroupSet): void {
    set.interest -= 1;
    if (set.interest > 0 || tenant.groups.get(set.name) !== set) return;
    tenant.groups.delete(set.name);
    // A client that watches and unwatches a group causes no more reads than one that stays.
    this.#rests.keep(tenant.name, set.name, set.reading.restUntil);
    for (const user of set.members) {
      user.memberOf = removed(user.memberOf, set);
      this.#cache.release(tenant, user);
    }
    set.members.clear();
    this.#cache.prune(tenant);
  }

  /**
   * After a loss of data: finds who joined and left without this node hearing of it. Also of groups that are read for the
   * first time: that reading may be older than the loss. Errors as the store's.
   */
  async refresh(tenant: TenantCache): Promise<void> {
    for (const set of [...tenant.groups.values()]) {
      try {
        await set.reading.ask();
      } catch (error) {
        if (!(error instanceof WatchError)) throw error;
        for (const reader of [...set.readers]) reader.groupOutgrown(set);
      }
    }
  }

  /**
   * An event carries all groups a user is in, as of a version. Watchers who may no longer see the user are sent nothing
   * of its news; those who watch a group that the user joins keep the user.
   * @returns what changed: to be {@link announce}d once the event's view is in the cache.
   */
  moved(tenant: TenantCache, id: string, groups: readonly string[] | undefined): Move {
    if (tenant.groups.size === 0) return NO_MOVE;
    const known = tenant.users.get(id);
    const joined = this.#joinAll(tenant, id, groups ?? []);
    const left = known === undefined ? [] : this.#leaveOthers(tenant, known, groups ?? []);
    return { joined, left };
  }

  announce({ joined, left }: Move, tenant: TenantCache, id: string, now: number): void {
    const user = tenant.users.get(id);
    if (user !== undefined) {
      for (const set of joined) for (const reader of set.readers) reader.memberJoined(set, user, now);
    }
    for (const set of [...joined, ...left]) for (const reader of set.readers) reader.membersSettled(now);
  }

  /** A user left every group, by being forgotten. */
  forgotten(tenant: TenantCache, user: CachedUser): void {
    for (const { name } of user.memberOf) {
      const set = tenant.groups.get(name);
      if (set === undefined) continue;
      this.#exclude(set, user);
      for (const reader of [...set.readers]) reader.memberForgotten(set, user);
    }
    this.#cache.release(tenant, user);
  }

  #joinAll(tenant: TenantCache, id: string, groups: readonly string[]): GroupSet[] {
    const joined: GroupSet[] = [];
    for (const group of groups) {
      const set = tenant.groups.get(group);
      if (set === undefined) continue;
      const user = this.#cache.user(tenant, id);
      if (set.members.has(user)) continue;
      this.#include(set, user);
      joined.push(set);
    }
    return joined;
  }

  #leaveOthers(tenant: TenantCache, user: CachedUser, groups: readonly string[]): GroupSet[] {
    const left: GroupSet[] = [];
    for (const { name } of user.memberOf) {
      const set = groups.includes(name) ? undefined : tenant.groups.get(name);
      if (set === undefined) continue;
      this.#leave(set, user);
      left.push(set);
    }
    this.#cache.release(tenant, user);
    return left;
  }

  #leave(set: GroupSet, user: CachedUser): void {
    this.#exclude(set, user);
    for (const reader of [...set.readers]) reader.memberLeft(set, user);
  }

  #include(set: GroupSet, user: CachedUser): void {
    set.members.add(user);
    user.memberOf = added(user.memberOf, set);
  }

  #exclude(set: GroupSet, user: CachedUser): void {
    set.members.delete(user);
    user.memberOf = removed(user.memberOf, set);
  }

  async #load(tenant: TenantCache, set: GroupSet): Promise<void> {
    const isWanted = (): boolean => tenant.groups.get(set.name) === set;
    if (!isWanted()) return;
    const { groupMax } = this.#limits;
    const reading = tenant.readings.begin();
    try {
      const views = await this.#views.members(tenant.name, set.name, groupMax);
      if (!isWanted()) return;
      if (views === undefined) {
        this.#tooLarge.add(tenant.name, set.name);
        throw tooManyMembers([set.name]);
      }
      this.#take(tenant, set, views, reading);
      set.complete = true;
    } finally {
      reading.end();
    }
  }

  /** For a user whose groups the feed has sent since the reading began, the feed decides. */
  #take(tenant: TenantCache, set: GroupSet, views: readonly View[], reading: Reading): void {
    const now = this.#context.timing.now();
    const settled = new Set<CachedUser>();
    for (const view of views) {
      if (reading.isForgotten(view.user, view.ver)) continue;
      const user = this.#cache.user(tenant, view.user);
      settled.add(user);
      const { record } = user;
      const isOlder = record !== undefined && view.ver < record.view.ver;
      // Another read that was newer knows their groups as well.
      const isMember = !isOlder || (record.isRead && record.view.groups?.includes(set.name) === true);
      const isNew = isMember && !reading.isRegrouped(view.user, view.ver) && !set.members.has(user);
      if (isNew) this.#include(set, user);
      this.#cache.settle(tenant, user, view, reading, now);
      if (isNew) for (const reader of [...set.readers]) reader.memberJoined(set, user, now);
      else this.#cache.release(tenant, user);
    }
    for (const user of [...set.members]) {
      if (settled.has(user) || reading.isTold(user.user)) continue;
      this.#leave(set, user);
      this.#cache.release(tenant, user);
    }
    for (const reader of set.readers) reader.membersSettled(now);
  }
}

/** @param groups - those that are too large; absent when only all that is watched together is. */
export const tooManyMembers = (groups?: readonly string[]): WatchError =>
  new WatchError('too_many_watches', 'the group has more members than one connection may watch', {
    ...(groups !== undefined && { groups }),
  });
