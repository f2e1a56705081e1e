import type { View } from '../domain/model.ts';
import type { PresenceStore } from '../store/presence-store.ts';
import type { CachedUser } from './cached-user.ts';
import type { FanoutContext } from './context.ts';
import { WatchError } from './fanout.ts';
import { GroupRoster } from './group-roster.ts';
import type { WatchLimits } from './limits.ts';
import { added, removed } from './small-set.ts';
import type { TenantCache } from './tenant-cache.ts';
import type { ViewCache } from './view-cache.ts';

/** Reads the members of watched groups, and keeps them as the feed tells who joins and leaves. */
export class Groups {
  readonly #store: Pick<PresenceStore, 'groupMembers'>;
  readonly #cache: ViewCache;
  readonly #context: FanoutContext;
  readonly #limits: WatchLimits;

  constructor(
    store: Pick<PresenceStore, 'groupMembers'>,
    cache: ViewCache,
    context: FanoutContext,
    limits: WatchLimits,
  ) {
    this.#store = store;
    this.#cache = cache;
    this.#context = context;
    this.#limits = limits;
  }

  /**
   * Somebody wants the members; {@link leave} undoes it. The first one has them read, the next ones share that.
   * @returns what to wait for; it rejects as the store does, or with a WatchError when the group is too large.
   */
  enter(tenant: TenantCache, group: string): Promise<void> | undefined {
    let roster = tenant.groups.get(group);
    if (roster === undefined) {
      roster = new GroupRoster(group);
      tenant.groups.set(group, roster);
    }
    roster.interest += 1;
    return roster.complete ? undefined : this.#read(tenant, roster);
  }

  leave(tenant: TenantCache, roster: GroupRoster): void {
    roster.interest -= 1;
    if (roster.interest > 0 || tenant.groups.get(roster.name) !== roster) return;
    tenant.groups.delete(roster.name);
    for (const user of roster.members) {
      user.memberOf = removed(user.memberOf, roster);
      this.#cache.release(tenant, user);
    }
    roster.members.clear();
    this.#cache.prune(tenant);
  }

  /** After a loss of data: finds who joined and left without this node hearing of it. Errors as the store's. */
  async refresh(tenant: TenantCache): Promise<void> {
    for (const roster of [...tenant.groups.values()]) {
      if (roster.complete) await this.#read(tenant, roster);
    }
  }

  /**
   * An event tells all groups a user is in. Who lost sight of them by it is told at once, before the news it brings.
   * @returns the rosters they are new in: to be {@link announce}d once the event's view is in the cache.
   */
  moved(tenant: TenantCache, id: string, groups: readonly string[] | undefined): GroupRoster[] {
    for (const roster of tenant.reading) roster.told?.add(id);
    const known = tenant.users.get(id);
    if (known !== undefined) this.#leaveOthers(tenant, known, groups ?? []);
    const joined: GroupRoster[] = [];
    if (tenant.groups.size === 0) return joined;
    for (const group of groups ?? []) {
      const roster = tenant.groups.get(group);
      if (roster === undefined) continue;
      const user = this.#cache.user(tenant, id);
      if (roster.members.has(user)) continue;
      this.#include(roster, user);
      joined.push(roster);
    }
    return joined;
  }

  announce(rosters: readonly GroupRoster[], tenant: TenantCache, id: string, now: number): void {
    const user = tenant.users.get(id);
    if (user === undefined) return;
    for (const roster of rosters) for (const reader of roster.readers) reader.memberJoined(roster, user, now);
  }

  /** A user left every group, by being forgotten. */
  left(tenant: TenantCache, user: CachedUser): void {
    for (const roster of tenant.reading) roster.told?.add(user.user);
    this.#leaveOthers(tenant, user, []);
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

  #read(tenant: TenantCache, roster: GroupRoster): Promise<void> {
    roster.loading ??= this.#load(tenant, roster).finally(() => {
      roster.loading = undefined;
      roster.told = undefined;
      tenant.reading.delete(roster);
    });
    return roster.loading;
  }

  async #load(tenant: TenantCache, roster: GroupRoster): Promise<void> {
    roster.told = new Set();
    tenant.reading.add(roster);
    const views = await this.#store.groupMembers(tenant.name, roster.name, this.#limits.groupMax);
    if (tenant.groups.get(roster.name) !== roster) return; // Nobody wants it any more.
    if (views === undefined) throw tooManyMembers();
    const now = this.#context.timing.now();
    const members = views.map((view) => this.#member(tenant, view, now));
    const { told } = roster;
    for (const user of members) {
      if (roster.members.has(user) || told?.has(user.user) === true) continue;
      this.#include(roster, user);
      for (const reader of roster.readers) reader.memberJoined(roster, user, now);
    }
    const present = new Set(members);
    for (const user of [...roster.members]) {
      if (present.has(user) || told?.has(user.user) === true) continue;
      this.#exclude(roster, user);
      this.#cache.release(tenant, user);
    }
    for (const user of members) this.#cache.release(tenant, user);
    roster.complete = true;
  }

  #member(tenant: TenantCache, view: View, now: number): CachedUser {
    const user = this.#cache.user(tenant, view.user);
    this.#cache.settle(tenant, user, view, now);
    return user;
  }
}

export const tooManyMembers = (): WatchError =>
  new WatchError('too_many_watches', 'the group has more members than one connection may watch');
