import type { View } from '../domain/model.ts';
import type { LoggedTransition } from '../events/feed.ts';
import type { PresenceStore } from '../store/presence-store.ts';
import { CachedUser } from './cached-user.ts';
import type { FanoutContext } from './context.ts';
import { DueQueue } from './due-queue.ts';
import { TenantCache } from './tenant-cache.ts';
import { readRecord, transitionRecord, type ViewRecord } from './view-record.ts';

/** The views of everybody who is watched on this node, kept up to date by reads and by the feed: the newer one wins. */
export class ViewCache {
  readonly #tenants = new Map<string, TenantCache>();
  readonly #store: Pick<PresenceStore, 'read' | 'partitionOf'>;
  readonly #context: FanoutContext;
  /** Where the feed is, by partition: µs of the clock that gives versions and log ids alike. */
  readonly #reached: number[] = [];
  readonly #eventsDue: DueQueue<{ readonly tenant: TenantCache; readonly user: CachedUser }>;

  constructor(store: Pick<PresenceStore, 'read' | 'partitionOf'>, context: FanoutContext) {
    this.#store = store;
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
      user = new CachedUser(id, this.#store.partitionOf({ tenant: tenant.name, user: id }));
      tenant.users.set(id, user);
      this.#context.meter.views += 1;
    }
    return user;
  }

  /** Forgets a user unless somebody still needs them. */
  release(tenant: TenantCache, user: CachedUser): void {
    if (user.referenced || tenant.users.get(user.user) !== user) return;
    if (tenant.roster !== undefined && (user.present || user.listed || user.eventDue)) return;
    tenant.users.delete(user.user);
    if (user.present) tenant.present -= 1;
    this.#context.meter.views -= 1;
    this.prune(tenant);
  }

  /** Takes an event; users nobody watches cost a look-up. @returns the tenant, if anything of it is watched. */
  transition(event: LoggedTransition, now: number): TenantCache | undefined {
    const made = event.transition;
    this.#reached[event.partition] = Math.max(this.#reachedIn(event.partition), event.id, made.ver);
    const tenant = this.#tenants.get(made.tenant);
    let user = tenant?.users.get(made.user);
    if (tenant === undefined || (user === undefined && tenant.roster === undefined)) return tenant;
    if (user === undefined) {
      user = this.user(tenant, made.user);
      // Absent from a complete set they were offline, and this is newer. Before that, who knows how late it comes.
      user.confirmed = tenant.roster?.complete === true;
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

  /** Takes what the store answered for a user. */
  settle(tenant: TenantCache, user: CachedUser, view: View, now: number): void {
    if (tenant.users.get(user.user) !== user) return; // Its watchers went; a later registration has its own read.
    user.confirmed = true;
    if (!user.groupsTold) this.#learnGroups(user, view.groups);
    if (tenant.users.get(user.user) !== user) return; // Out of sight of the last one who watched.
    const held = user.record;
    if (held !== undefined && view.ver <= held.view.ver) return;
    this.#replace(tenant, user, readRecord(view));
    // Ahead of the feed, the watchers of the tenant learn it from here. Else whoever is offline has long been so.
    const ahead = view.ver > this.#reachedIn(user.partition);
    if (held === undefined && !user.present && !ahead) return;
    if (ahead && tenant.roster !== undefined && !user.present) {
      user.eventDue = true;
      this.#eventsDue.add({ tenant, user }, now);
    }
    this.#announce(tenant, user, now);
  }

  /**
   * Reads whoever no read has confirmed yet, unless a read of theirs is under way.
   * @returns what to wait for until all of them are known; each rejects with whatever the store throws.
   */
  confirm(tenant: TenantCache, users: Iterable<CachedUser>): Promise<void>[] {
    const unknown: CachedUser[] = [];
    const waits = new Set<Promise<void>>();
    for (const user of users) {
      if (user.read !== undefined) waits.add(user.read);
      else if (!user.confirmed) unknown.push(user);
    }
    if (unknown.length > 0) waits.add(this.#read(tenant, unknown));
    return [...waits];
  }

  /** Who asks for one of these users meanwhile shares the read. When it throws, nothing was learnt. */
  #read(tenant: TenantCache, users: readonly CachedUser[]): Promise<void> {
    const read = this.#readAll(tenant, users).finally(() => {
      for (const user of users) user.read = undefined;
    });
    for (const user of users) user.read = read;
    return read;
  }

  async #readAll(tenant: TenantCache, users: readonly CachedUser[]): Promise<void> {
    this.reading(users);
    const views = await this.#store.read(
      tenant.name,
      users.map(({ user }) => user),
    );
    const pairs = users.map((user, at) => [user, answered(views, user, at)] as const);
    const now = this.#context.timing.now();
    for (const [user, view] of pairs) this.settle(tenant, user, view, now);
  }

  /** An event tells a user's groups: it is newer than any read under way. */
  regroup(user: CachedUser, groups: readonly string[] | undefined): void {
    user.groupsTold = true;
    this.#learnGroups(user, groups);
  }

  /** Users are about to be read: what the answer says of their groups counts, unless an event comes first. */
  reading(users: Iterable<CachedUser>): void {
    for (const user of users) user.groupsTold = false;
  }

  /** Everything of a user was forgotten; who watches them is told by {@link Subscriber.forgotten}. */
  forget(tenant: TenantCache, user: CachedUser): void {
    for (const subscriber of [...user.subscribers]) subscriber.forgotten(user);
    if (user.present) tenant.present -= 1;
    user.record = undefined;
    user.groups = undefined;
    user.eventDue = false;
    user.confirmed = false;
    this.release(tenant, user);
  }

  #learnGroups(user: CachedUser, groups: readonly string[] | undefined): void {
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
    const stream = tenant.roster?.stream;
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
