import type { View } from '../../domain/model.ts';
import type { LoggedTransition } from '../../events/feed.ts';
import type { Partitioning } from '../../store/partition.ts';
import type { Views } from '../../store/port/views.ts';
import { DueQueue } from '../../time/due-queue.ts';
import type { FanoutContext } from '../context.ts';
import { TenantCache } from '../tenant/tenant-cache.ts';
import { CachedUser, type UserRead } from './cached-user.ts';
import type { Reading } from './readings.ts';
import { readRecord, sameView, transitionRecord, type ViewRecord } from './view-record.ts';

/** The views of everybody who is watched on this node, kept up to date by reads and by the feed: the newer one wins. */
export class ViewCache {
  readonly #tenants = new Map<string, TenantCache>();
  readonly #views: Views;
  readonly #partitioning: Partitioning;
  readonly #context: FanoutContext;
  /** Where the feed is, by partition: µs of the clock that gives versions and log ids alike. */
  readonly #reached: number[] = [];
  readonly #eventsDue: DueQueue<{ readonly tenant: TenantCache; readonly user: CachedUser }>;

  constructor(views: Views, partitioning: Partitioning, context: FanoutContext) {
    this.#views = views;
    this.#partitioning = partitioning;
    this.#context = context;
    this.#eventsDue = new DueQueue(context.tuning.eventWaitMs, context.timing, (due) => {
      for (const { tenant, user } of due) this.#eventCame(tenant, user);
      context.meter.commit();
    });
  }

  /** Users kept for the sake of events that are under way. */
  get waiting(): number {
    return this.#eventsDue.size;
  }

  stop(): void {
    this.#eventsDue.clear();
  }

  find(name: string): TenantCache | undefined {
    return this.#tenants.get(name);
  }

  tenants(): IterableIterator<TenantCache> {
    return this.#tenants.values();
  }

  /** Also makes it; {@link prune} takes it away again. */
  tenant(name: string): TenantCache {
    let tenant = this.#tenants.get(name);
    if (tenant === undefined) {
      tenant = new TenantCache(name);
      this.#tenants.set(name, tenant);
    }
    return tenant;
  }

  prune(tenant: TenantCache): void {
    if (tenant.idle && this.#tenants.get(tenant.name) === tenant) this.#tenants.delete(tenant.name);
  }

  /** Also makes it: from now on it takes events. {@link release} takes it away again. */
  user(tenant: TenantCache, id: string): CachedUser {
    let user = tenant.users.get(id);
    if (user === undefined) {
      user = new CachedUser(id, this.#partitioning.partitionOf({ tenant: tenant.name, user: id }));
      tenant.users.set(id, user);
      this.#context.meter.views += 1;
    }
    return user;
  }

  /** Forgets a user unless a connection still needs them. */
  release(tenant: TenantCache, user: CachedUser): void {
    if (user.referenced || tenant.users.get(user.user) !== user) return;
    if (tenant.set !== undefined && (user.present || user.listed || user.eventDue)) return;
    tenant.users.delete(user.user);
    if (user.present) tenant.present -= 1;
    this.#context.meter.views -= 1;
    this.prune(tenant);
  }

  /** Takes an event; users whom no connection watches cost a look-up. @returns the tenant, if anything of it is watched. */
  transition(event: LoggedTransition, now: number): TenantCache | undefined {
    const made = event.transition;
    this.#reached[event.partition] = Math.max(this.#reachedIn(event.partition), event.id, made.ver);
    const tenant = this.#tenants.get(made.tenant);
    let user = tenant?.users.get(made.user);
    if (tenant === undefined || (user === undefined && tenant.set === undefined)) return tenant;
    if (user === undefined) {
      user = this.user(tenant, made.user);
      // Absent from a complete set they were offline, and this is newer. Before that, who knows how late it comes.
      user.confirmed = tenant.set?.complete === true;
      this.#learnGroups(user, made.groups ?? []);
    }
    const held = user.record;
    if (held === undefined || made.ver > held.view.ver) {
      this.#replace(tenant, user, transitionRecord(made, event.id));
      this.#announce(tenant, user, now);
    } else if (user.eventDue && made.ver === held.view.ver) {
      this.#eventCame(tenant, user);
    }
    return tenant;
  }

  /** Takes what the store answered for a user, unless the feed said something newer since the read began. */
  settle(tenant: TenantCache, user: CachedUser, view: View, reading: Reading, now: number): void {
    if (tenant.users.get(user.user) !== user) return; // Its watchers went; a later registration has its own read.
    if (reading.isForgotten(user.user, view.ver)) return; // Who waits for them has them read again.
    user.confirmed = true;
    const isLater = reading.began >= user.readAt;
    if (isLater) user.readAt = reading.began;
    const held = user.record;
    if (held !== undefined && view.ver < held.view.ver) return;
    if (!reading.isRegrouped(user.user, view.ver)) this.#learnGroups(user, view.groups ?? []);
    if (tenant.users.get(user.user) !== user) return; // No longer watched.
    if (held?.view.ver === view.ver) {
      // What changes without a version may have changed. Watchers who were shown it before get nothing.
      if (isLater && !sameView(held.view, view)) user.record = readRecord(view);
      return;
    }
    this.#replace(tenant, user, readRecord(view));
    // Ahead of the feed, the watchers of the tenant learn it from here. Otherwise an offline user has long been so.
    const ahead = view.ver > this.#reachedIn(user.partition);
    if (held === undefined && !user.present && !ahead) return;
    if (ahead && tenant.set !== undefined && !user.present) {
      user.eventDue = true;
      this.#eventsDue.add({ tenant, user }, now);
    }
    this.#announce(tenant, user, now);
  }

  /** Takes the view that a command brought. */
  learn(tenant: TenantCache, user: CachedUser, view: View, now: number): void {
    const held = user.record;
    if (held !== undefined && view.ver <= held.view.ver) return;
    this.#replace(tenant, user, readRecord(view));
    // A user who is not held and offline has long been so: no news of the tenant.
    if (held !== undefined || user.present) this.#announce(tenant, user, now);
  }

  /**
   * Reads users, so that what is shown of them is not older than this call: name, devices and last seen change without
   * an event. While the store is unreachable, what is known already has to do.
   * @returns what to wait for until all of them are known; each rejects with whatever the store throws.
   */
  fresh(tenant: TenantCache, users: Iterable<CachedUser>, isAway: boolean): Promise<void>[] {
    const idle: CachedUser[] = [];
    const waits = new Map<Promise<void>, CachedUser[]>();
    for (const user of users) {
      if (isAway && user.confirmed) continue;
      if (user.read === undefined) {
        idle.push(user);
        continue;
      }
      const done = this.#readNext(tenant, user, user.read);
      const sharing = waits.get(done);
      if (sharing === undefined) waits.set(done, [user]);
      else sharing.push(user);
    }
    if (idle.length > 0) waits.set(this.#read(tenant, idle), idle);
    return [...waits].map(([done, needed]) =>
      done.catch((error: unknown) => this.#unlessKnown(needed, error)),
    );
  }

  #unlessKnown(users: readonly CachedUser[], error: unknown): void {
    if (users.some(({ confirmed }) => !confirmed)) throw error;
  }

  #readNext(tenant: TenantCache, user: CachedUser, current: UserRead): Promise<void> {
    if (current.next === undefined) {
      const users = new Set<CachedUser>();
      const begin = (): Promise<void> => this.#read(tenant, [...users]);
      current.next = { users, done: current.done.then(begin, begin) };
    }
    current.next.users.add(user);
    return current.next.done;
  }

  /** When it throws, nothing was learnt. */
  #read(tenant: TenantCache, users: readonly CachedUser[]): Promise<void> {
    const done = this.#readAll(tenant, users).finally(() => {
      for (const user of users) user.read = undefined;
    });
    const read: UserRead = { done, next: undefined };
    for (const user of users) user.read = read;
    return done;
  }

  async #readAll(tenant: TenantCache, users: readonly CachedUser[]): Promise<void> {
    const reading = tenant.readings.begin();
    try {
      const views = await this.#views.read(
        tenant.name,
        users.map(({ user }) => user),
      );
      const pairs = users.map((user, at) => [user, answered(views, user, at)] as const);
      const now = this.#context.timing.now();
      for (const [user, view] of pairs) this.settle(tenant, user, view, reading, now);
    } finally {
      reading.end();
    }
  }

  /** An event has a user's groups, as of a version. */
  regroup(user: CachedUser, groups: readonly string[] | undefined): void {
    this.#learnGroups(user, groups ?? []);
  }

  /** Everything of a user was forgotten; watchers learn it from {@link Subscriber.forgotten}. */
  forget(tenant: TenantCache, user: CachedUser): void {
    for (const subscriber of [...user.subscribers]) subscriber.forgotten(user);
    if (user.present) tenant.present -= 1;
    user.record = undefined;
    user.groups = 'unknown';
    user.eventDue = false;
    user.confirmed = false;
    tenant.set?.stream.drop(user);
    this.release(tenant, user);
  }

  #learnGroups(user: CachedUser, groups: readonly string[]): void {
    if (!this.#context.sharedOnly) return;
    user.groups = groups;
    for (const subscriber of [...user.subscribers]) subscriber.regrouped(user);
  }

  #reachedIn(partition: number): number {
    return this.#reached[partition] ?? 0;
  }

  /** Or it will not come any more. */
  #eventCame(tenant: TenantCache, user: CachedUser): void {
    user.eventDue = false;
    this.release(tenant, user);
  }

  #replace(tenant: TenantCache, user: CachedUser, record: ViewRecord): void {
    if (user.present) tenant.present -= 1;
    user.record = record;
    user.eventDue = false;
    if (user.present) tenant.present += 1;
  }

  #announce(tenant: TenantCache, user: CachedUser, now: number): void {
    const stream = tenant.set?.stream;
    // First the place in the stream: connections that watch both compare it with how far they are.
    stream?.touch(user);
    for (const subscriber of user.subscribers) subscriber.changed(user, now);
    stream?.wake(now);
  }
}

/** The view of one user in an answer; the port promises the order asked. */
export const answered = (views: readonly View[], user: CachedUser, at: number): View => {
  const view = views[at];
  if (view?.user !== user.user) throw new TypeError('the store answered for other users than asked');
  return view;
};
