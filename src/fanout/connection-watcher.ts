import { OUTGROWN_FRAMES } from '../protocol/encode-presence.ts';
import { goneFrame } from '../protocol/server-frames.ts';
import { Answer, type AnswerOwner } from './answer.ts';
import type { CachedUser } from './cached-user.ts';
import type { FanoutContext } from './context.ts';
import { type Sink, WatchError, type Watcher, type WatchRequest } from './fanout.ts';
import { goneFrames } from './gone.ts';
import type { GroupRoster } from './group-roster.ts';
import { type GroupOwner, GroupWatches } from './group-watches.ts';
import { type Groups, tooManyMembers } from './groups.ts';
import { ANSWER_WEIGHT, type WatchLimits } from './limits.ts';
import { Outbox, type OutboxOwner } from './outbox.ts';
import { outOfSight, refusal } from './refusal.ts';
import { checkRoom, type Wanted } from './room.ts';
import { type Rosters, tooMany } from './rosters.ts';
import { maySee, type Sight } from './sight.ts';
import { added, EMPTY, removed } from './small-set.ts';
import type { TenantCache } from './tenant-cache.ts';
import type { ViewCache } from './view-cache.ts';
import { WatchedUsers } from './watched-users.ts';

/** What the watchers of one node share. */
export interface Watching {
  readonly context: FanoutContext;
  readonly cache: ViewCache;
  readonly rosters: Rosters;
  readonly groups: Groups;
  readonly limits: WatchLimits;
  /** The feed is followed: without it a cached view would stay what it was. */
  readonly running: boolean;
}

/** What one connection watches. */
export class ConnectionWatcher implements Watcher, AnswerOwner, OutboxOwner, GroupOwner {
  readonly #node: Watching;
  readonly #tenant: string;
  readonly #sink: Sink;
  #sight: Sight;
  /** Made with the first watch: there are products most of whose connections never watch. */
  #outbox: Outbox | undefined;
  readonly #watched: WatchedUsers;
  #groups: GroupWatches | undefined;
  /** The connection has its place in the tenant's stream. */
  #joined = false;
  #closed = false;

  constructor(tenant: string, sink: Sink, sight: Sight, node: Watching) {
    this.#tenant = tenant;
    this.#sink = sink;
    this.#sight = sight;
    this.#node = node;
    this.#watched = new WatchedUsers(node.cache, node.context);
  }

  /** Made anew at each look: for the rare case that somebody asks. */
  get watching(): { users: ReadonlySet<string>; groups: ReadonlySet<string>; tenant: boolean } {
    const users = new Set(this.#named().map(({ user }) => user));
    return { users, groups: this.#watchedGroups(), tenant: this.#watchesTenant() };
  }

  get count(): number {
    return this.#watched.count;
  }

  get ceiling(): number {
    return this.#node.limits.groupCeiling;
  }

  get seesEveryone(): boolean {
    return this.#joined;
  }

  async watch(request: WatchRequest, ref?: string): Promise<void> {
    if (this.#closed) return;
    const { meter } = this.#node.context;
    const [answer, waits] = this.#admit(request, ref);
    try {
      if (waits.length > 0) await Promise.all(waits);
      if (this.#closed) return;
      this.#begin(answer);
    } catch (error) {
      if (this.#closed) return;
      this.#abandon(answer);
      throw refusal(error, this.#node.context.log);
    } finally {
      meter.commit();
    }
  }

  unwatch(request: WatchRequest): void {
    const tenant = this.#node.cache.find(this.#tenant);
    if (this.#closed || tenant === undefined) return;
    for (const id of request.users ?? []) {
      const user = tenant.users.get(id);
      if (user === undefined || !this.watches(user) || this.#groups?.isMemberOnly(user) === true) continue;
      if (this.#groups?.unnamed(user) !== true) this.#drop(tenant, user);
      else for (const answer of this.#watched.answers) if (!answer.begun) answer.users.delete(user);
    }
    for (const group of request.groups ?? []) this.#dropGroup(tenant, group);
    if (request.tenant === true) this.#dropTenant(tenant);
    this.#node.context.meter.commit();
  }

  allow(sight: Sight): void {
    this.#sight = sight;
    const tenant = this.#node.cache.find(this.#tenant);
    if (this.#closed || tenant === undefined) return;
    if (!sight.everyone && this.#watchesTenant()) {
      this.#dropTenant(tenant);
      this.say(goneFrame({ tenant: true }));
    }
    const users: string[] = [];
    const groups: string[] = [];
    for (const name of this.#watchedGroups()) {
      if (sight.users && sight.groups.includes(name)) continue;
      const gone = this.#dropGroup(tenant, name);
      if (!this.#joined) users.push(...gone);
      groups.push(name);
    }
    for (const user of this.#named()) {
      if (maySee(sight, user)) continue;
      this.#drop(tenant, user);
      users.push(user.user);
    }
    for (const frame of goneFrames(groups, users)) this.say(frame);
    this.#node.context.meter.commit();
  }

  drained(): void {
    this.#outbox?.drained(this.#node.context.timing.now());
    this.#node.context.meter.commit();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { cache, context } = this.#node;
    this.#outbox?.close(context.timing.now());
    const tenant = cache.find(this.#tenant);
    if (tenant !== undefined) {
      for (const name of this.#watchedGroups()) this.#dropGroup(tenant, name);
      for (const answer of this.#watched.answers) for (const user of answer.users) this.#drop(tenant, user);
      for (const user of this.#watched.shown) this.#drop(tenant, user);
      this.#dropTenant(tenant);
    }
    this.#watched.answers = EMPTY;
    context.meter.commit();
  }

  registered(user: CachedUser): boolean {
    const outbox = this.#outbox;
    if (outbox === undefined) return false;
    if (!maySee(this.#sight, user) && this.#groups?.isMemberOnly(user) !== true) {
      this.#lost(user);
      return false;
    }
    this.#watched.subscribe(user, outbox);
    outbox.sentNewest(user);
    return true;
  }

  shown(user: CachedUser): void {
    this.#outbox?.sentNewest(user);
  }

  answered(answer: Answer, now: number): void {
    this.#watched.answers = removed(this.#watched.answers, answer);
    if (answer.tenant) this.#outbox?.follow(now);
  }

  outgrown(): void {
    const tenant = this.#node.cache.find(this.#tenant);
    if (tenant === undefined) return;
    this.#dropTenant(tenant);
    for (const frame of OUTGROWN_FRAMES) this.say(frame);
  }

  regrouped(user: CachedUser): void {
    if (maySee(this.#sight, user) || this.#groups?.isMemberOnly(user) === true) return;
    this.#end(user);
  }

  forgotten(user: CachedUser): void {
    this.#end(user);
  }

  follow(user: CachedUser, now: number): void {
    this.#watched.hold(user);
    this.#outbox ??= new Outbox(this.#sink, this.#node.context, this);
    this.#watched.subscribe(user, this.#outbox);
    this.#outbox.changed(user, now);
  }

  unfollow(user: CachedUser): void {
    const tenant = this.#node.cache.find(this.#tenant);
    if (tenant !== undefined) this.#drop(tenant, user);
  }

  isAwaited(user: CachedUser): boolean {
    return this.#watched.isAwaited(user);
  }

  left(roster: GroupRoster): void {
    const tenant = this.#node.cache.find(this.#tenant);
    this.#node.context.meter.watches -= 1;
    if (tenant !== undefined) this.#node.groups.leave(tenant, roster);
  }

  say(frame: string): void {
    if (this.#outbox !== undefined) this.#outbox.say(frame);
    else this.#sink.send(frame);
  }

  watches(user: CachedUser): boolean {
    return this.#watched.has(user);
  }

  /** Registers what was asked for, or throws and leaves everything as it was. @returns also what to wait for. */
  #admit(request: WatchRequest, ref: string | undefined): [Answer, Promise<void>[]] {
    const { cache, context, rosters } = this.#node;
    const ids = new Set(request.users);
    const names = new Set(request.groups);
    const wantsTenant = request.tenant === true;
    this.#checkRoom(ids, wantsTenant && !this.#watchesTenant() ? 1 : 0);
    const users = new Set<CachedUser>();
    const answer = new Answer({ users, groups: names, tenant: wantsTenant, ref }, this, context);
    const waits: Promise<void>[] = [];
    if (ids.size > 0 || names.size > 0 || wantsTenant) {
      const tenant = cache.tenant(this.#tenant);
      for (const id of ids) users.add(this.#watched.hold(cache.user(tenant, id)));
      for (const name of names) {
        const loading = this.#node.groups.enter(tenant, name);
        if (loading !== undefined) waits.push(loading);
      }
      if (wantsTenant) {
        if (!this.#watchesTenant()) context.meter.watches += 1;
        const loading = rosters.enter(tenant);
        if (loading !== undefined) waits.push(loading);
      }
      waits.push(...cache.confirm(tenant, users));
    }
    this.#watched.answers = added(this.#watched.answers, answer);
    return [answer, waits];
  }

  /** @throws WatchError when it is too much, before anything was changed. */
  #checkRoom(ids: ReadonlySet<string>, sets: number): void {
    const { cache, running } = this.#node;
    if (!running) throw new WatchError('unavailable', 'this node does not follow changes');
    const known = cache.find(this.#tenant)?.users;
    let users = 0;
    let views = 0;
    for (const id of ids) {
      const user = known?.get(id);
      if (user === undefined) views += 1;
      if (user === undefined || !this.watches(user)) users += 1;
    }
    this.#check({ users, sets, views, weight: ids.size + ANSWER_WEIGHT });
  }

  #check(wanted: Wanted): void {
    checkRoom(wanted, this.#watched, this.#node.context.meter, this.#node.limits);
  }

  /** Everything is known: the snapshot may go out. @throws WatchError when it may not; then nothing was changed. */
  #begin(answer: Answer): void {
    const { cache, context, rosters } = this.#node;
    const now = context.timing.now();
    const tenant = cache.find(this.#tenant);
    for (const user of answer.users) if (!maySee(this.#sight, user)) throw outOfSight();
    if (answer.tenant && !this.#sight.everyone) throw outOfSight();
    if (answer.tenant && !this.#joined && tenant !== undefined && rosters.tooLarge(tenant)) throw tooMany();
    const members = tenant && answer.groups.size > 0 ? this.#membersOf(tenant, answer) : undefined;
    this.#outbox ??= new Outbox(this.#sink, context, this);
    for (const user of answer.users) this.#groups?.named(user);
    if (tenant !== undefined && members !== undefined) this.#joinGroups(tenant, answer, members);
    const roster = answer.tenant ? tenant?.roster : undefined;
    if (tenant !== undefined && roster !== undefined) {
      if (this.#joined) {
        rosters.leave(tenant);
      } else {
        this.#joined = true;
        this.#outbox.join(roster.stream);
      }
    }
    answer.begin(answer.tenant ? tenant?.users.values() : undefined);
    this.#outbox.reply(answer, now);
  }

  /** Everybody in the groups asked for. @throws WatchError when they may not be watched. */
  #membersOf(tenant: TenantCache, answer: Answer): Set<CachedUser> {
    const members = new Set<CachedUser>();
    for (const name of answer.groups) {
      if (!this.#sight.users || !this.#sight.groups.includes(name)) throw outOfSight();
      for (const user of tenant.groups.get(name)?.members ?? []) members.add(user);
    }
    let fresh = 0;
    for (const user of members) if (!this.watches(user)) fresh += 1;
    if (this.#watched.count + fresh > this.#node.limits.maxWatches) throw tooManyMembers();
    this.#check({ users: fresh, sets: answer.groups.size, views: 0, weight: members.size });
    return members;
  }

  #joinGroups(tenant: TenantCache, answer: Answer, members: ReadonlySet<CachedUser>): void {
    this.#groups ??= new GroupWatches(this);
    for (const name of answer.groups) {
      const roster = tenant.groups.get(name);
      if (roster === undefined) continue;
      if (this.#groups.join(roster)) this.#node.context.meter.watches += 1;
      else this.#node.groups.leave(tenant, roster);
    }
    for (const user of members) {
      if (this.watches(user)) continue;
      this.#watched.hold(user);
      this.#groups.add(user);
    }
    answer.include(members);
  }

  /** Takes back what {@link #admit} did. */
  #abandon(answer: Answer): void {
    this.#watched.answers = removed(this.#watched.answers, answer);
    const { cache, context, rosters, groups } = this.#node;
    const tenant = cache.find(this.#tenant);
    if (tenant === undefined) return;
    for (const user of answer.users) this.#watched.letGo(tenant, user);
    for (const name of answer.groups) {
      const roster = tenant.groups.get(name);
      if (roster !== undefined) groups.leave(tenant, roster);
    }
    if (!answer.tenant) return;
    if (!this.#watchesTenant()) context.meter.watches -= 1;
    rosters.leave(tenant);
  }

  /** What was watched is out of sight or forgotten: the client has to forget it. */
  #end(user: CachedUser): void {
    if (this.watches(user)) this.#lost(user);
  }

  #lost(user: CachedUser): void {
    this.unfollow(user);
    if (!this.#joined) this.say(goneFrame({ users: [user.user] }));
  }

  #drop(tenant: TenantCache, user: CachedUser): void {
    this.#groups?.forget(user);
    this.#watched.drop(tenant, user, this.#outbox);
  }

  /** @returns users who went out of sight. */
  #dropGroup(tenant: TenantCache, name: string): string[] {
    for (const answer of this.#watched.answers) {
      const roster = answer.groups.delete(name) ? tenant.groups.get(name) : undefined;
      if (roster !== undefined) this.#node.groups.leave(tenant, roster);
    }
    const roster = this.#groups?.find(name);
    return roster === undefined ? [] : (this.#groups?.leave(roster) ?? []);
  }

  #dropTenant(tenant: TenantCache): void {
    if (!this.#watchesTenant()) return;
    const { context, rosters } = this.#node;
    context.meter.watches -= 1;
    for (const answer of this.#watched.answers) {
      if (!answer.tenant) continue;
      answer.withoutTenant();
      if (!answer.begun) rosters.leave(tenant);
    }
    if (!this.#joined) return;
    this.#joined = false;
    this.#outbox?.leave(this.#watched.shown, context.timing.now());
    rosters.leave(tenant);
  }

  #watchedGroups(): Set<string> {
    const names = new Set<string>();
    for (const { name } of this.#groups?.rosters ?? []) names.add(name);
    for (const answer of this.#watched.answers) for (const name of answer.groups) names.add(name);
    return names;
  }

  /** Watched by id. */
  #named(): CachedUser[] {
    return this.#watched
      .all()
      .filter((user) => this.#groups?.isMemberOnly(user) !== true || this.isAwaited(user));
  }

  #watchesTenant(): boolean {
    if (this.#joined) return true;
    for (const answer of this.#watched.answers) if (answer.tenant) return true;
    return false;
  }
}
