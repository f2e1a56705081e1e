import { OUTGROWN_FRAMES } from '../protocol/encode-presence.ts';
import { StoreError } from '../store/presence-store.ts';
import { Answer, type AnswerOwner } from './answer.ts';
import type { CachedUser } from './cached-user.ts';
import type { FanoutContext } from './context.ts';
import { type Sink, WatchError, type Watcher, type WatchRequest } from './fanout.ts';
import { ANSWER_WEIGHT, type WatchLimits } from './limits.ts';
import { Outbox, type OutboxOwner } from './outbox.ts';
import { type Rosters, tooMany } from './rosters.ts';
import { added, EMPTY, includes, removed, type SmallSet } from './small-set.ts';
import type { TenantCache } from './tenant-cache.ts';
import type { ViewCache } from './view-cache.ts';

/** What the watchers of one node share. */
export interface Watching {
  readonly context: FanoutContext;
  readonly cache: ViewCache;
  readonly rosters: Rosters;
  readonly limits: WatchLimits;
  /** The feed is followed: without it a cached view would stay what it was. */
  readonly running: boolean;
}

/** What one connection watches. */
export class ConnectionWatcher implements Watcher, AnswerOwner, OutboxOwner {
  readonly #node: Watching;
  readonly #tenant: string;
  readonly #sink: Sink;
  /** Made with the first watch: there are products most of whose connections never watch. */
  #outbox: Outbox | undefined;
  /** Watched by id, snapshot sent. */
  #users: SmallSet<CachedUser> = EMPTY;
  /** Answers not sent to their end. Users in them that are not in {@link #users} are held. */
  #answers: SmallSet<Answer> = EMPTY;
  /** Users watched by id, those awaited included. */
  #count = 0;
  /** The connection has its place in the tenant's stream. */
  #joined = false;
  #closed = false;

  constructor(tenant: string, sink: Sink, node: Watching) {
    this.#tenant = tenant;
    this.#sink = sink;
    this.#node = node;
  }

  /** Made anew at each look: for the rare case of a renewed token. */
  get watching(): { readonly users: ReadonlySet<string>; readonly tenant: boolean } {
    const users = new Set<string>();
    for (const { user } of this.#users) users.add(user);
    for (const answer of this.#answers) for (const { user } of answer.users) users.add(user);
    return { users, tenant: this.#watchesTenant() };
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
      throw this.#refusal(error);
    } finally {
      meter.commit();
    }
  }

  unwatch(request: WatchRequest): void {
    const tenant = this.#node.cache.find(this.#tenant);
    if (this.#closed || tenant === undefined) return;
    for (const id of request.users ?? []) {
      const user = tenant.users.get(id);
      if (user !== undefined && this.#watches(user)) this.#drop(tenant, user);
    }
    if (request.tenant === true) this.#dropTenant(tenant);
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
      for (const answer of this.#answers) for (const user of answer.users) this.#drop(tenant, user);
      for (const user of this.#users) this.#drop(tenant, user);
      this.#dropTenant(tenant);
    }
    this.#answers = EMPTY;
    context.meter.commit();
  }

  registered(user: CachedUser): void {
    const outbox = this.#outbox;
    if (outbox === undefined) return;
    if (!includes(this.#users, user)) {
      this.#users = added(this.#users, user);
      user.subscribers = added(user.subscribers, outbox);
      user.holds -= 1;
    }
    outbox.sentNewest(user);
  }

  shown(user: CachedUser): void {
    this.#outbox?.sentNewest(user);
  }

  answered(answer: Answer, now: number): void {
    this.#answers = removed(this.#answers, answer);
    if (answer.tenant) this.#outbox?.follow(now);
  }

  outgrown(): void {
    const tenant = this.#node.cache.find(this.#tenant);
    if (tenant === undefined) return;
    this.#dropTenant(tenant);
    for (const frame of OUTGROWN_FRAMES) this.#outbox?.say(frame);
  }

  /** Registers what was asked for, or throws and leaves everything as it was. @returns also what to wait for. */
  #admit(request: WatchRequest, ref: string | undefined): [Answer, Promise<void>[]] {
    const { cache, context, rosters } = this.#node;
    const ids = new Set(request.users);
    const wantsTenant = request.tenant === true;
    this.#checkRoom(ids, wantsTenant && !this.#watchesTenant() ? 1 : 0);
    const users = new Set<CachedUser>();
    const answer = new Answer({ users, tenant: wantsTenant, ref }, this, context);
    const waits: Promise<void>[] = [];
    if (ids.size > 0 || wantsTenant) {
      const tenant = cache.tenant(this.#tenant);
      for (const id of ids) users.add(this.#hold(cache.user(tenant, id)));
      if (wantsTenant) {
        if (!this.#watchesTenant()) context.meter.watches += 1;
        const loading = rosters.enter(tenant);
        if (loading !== undefined) waits.push(loading);
      }
      this.#read(tenant, users, waits);
    }
    this.#answers = added(this.#answers, answer);
    return [answer, waits];
  }

  /** @throws WatchError when it is too much, before anything was changed. */
  #checkRoom(ids: ReadonlySet<string>, tenants: number): void {
    const { cache, context, limits, running } = this.#node;
    if (!running) throw new WatchError('unavailable', 'this node does not follow changes');
    const known = cache.find(this.#tenant)?.users;
    let watches = 0;
    let views = 0;
    for (const id of ids) {
      const user = known?.get(id);
      if (user === undefined) views += 1;
      if (user === undefined || !this.#watches(user)) watches += 1;
    }
    const { meter } = context;
    if (this.#count + watches > limits.maxWatches) {
      throw new WatchError('too_many_watches', `at most ${limits.maxWatches} users may be watched`);
    }
    if (
      meter.watches + watches + tenants > limits.maxNodeWatches ||
      meter.views + views > limits.maxNodeWatches
    ) {
      throw new WatchError('too_many_watches', 'this node watches as many users as it can');
    }
    let unsent = ids.size + ANSWER_WEIGHT;
    for (const answer of this.#answers) unsent += answer.weight;
    if (unsent > limits.maxUnsent) {
      throw new WatchError('too_many_watches', 'too many answers wait to be read');
    }
  }

  #hold(user: CachedUser): CachedUser {
    if (this.#watches(user)) return user;
    user.holds += 1;
    this.#count += 1;
    this.#node.context.meter.watches += 1;
    return user;
  }

  /** Whom no read has confirmed is read, in one read of this connection's or in one that is under way. */
  #read(tenant: TenantCache, users: ReadonlySet<CachedUser>, waits: Promise<void>[]): void {
    const unknown: CachedUser[] = [];
    const shared = new Set<Promise<void>>();
    for (const user of users) {
      if (user.read !== undefined) shared.add(user.read);
      else if (!user.confirmed) unknown.push(user);
    }
    waits.push(...shared);
    if (unknown.length > 0) waits.push(this.#node.cache.read(tenant, unknown));
  }

  /** Everything is known: the snapshot may go out. @throws WatchError when the tenant is too large. */
  #begin(answer: Answer): void {
    const { cache, context, rosters } = this.#node;
    const now = context.timing.now();
    this.#outbox ??= new Outbox(this.#sink, context, this);
    const tenant = answer.tenant ? cache.find(this.#tenant) : undefined;
    if (tenant?.roster !== undefined) {
      if (this.#joined) {
        rosters.leave(tenant);
      } else {
        if (rosters.tooLarge(tenant)) throw tooMany();
        this.#joined = true;
        this.#outbox.join(tenant.roster.stream);
      }
    }
    answer.begin(tenant?.users.values());
    this.#outbox.reply(answer, now);
  }

  /** Takes back what {@link #admit} did. */
  #abandon(answer: Answer): void {
    this.#answers = removed(this.#answers, answer);
    const { cache, context, rosters } = this.#node;
    const tenant = cache.find(this.#tenant);
    if (tenant === undefined) return;
    for (const user of answer.users) {
      if (this.#watches(user)) continue; // Since before, or by another answer.
      user.holds -= 1;
      this.#count -= 1;
      context.meter.watches -= 1;
      cache.release(tenant, user);
    }
    if (!answer.tenant) return;
    if (!this.#watchesTenant()) context.meter.watches -= 1;
    rosters.leave(tenant);
  }

  #drop(tenant: TenantCache, user: CachedUser): void {
    for (const answer of this.#answers) answer.withoutUser(user);
    if (includes(this.#users, user)) {
      this.#users = removed(this.#users, user);
      if (this.#outbox !== undefined) {
        user.subscribers = removed(user.subscribers, this.#outbox);
        this.#outbox.forget(user);
      }
    } else {
      user.holds -= 1;
    }
    this.#count -= 1;
    this.#node.context.meter.watches -= 1;
    this.#node.cache.release(tenant, user);
  }

  #dropTenant(tenant: TenantCache): void {
    if (!this.#watchesTenant()) return;
    const { context, rosters } = this.#node;
    context.meter.watches -= 1;
    for (const answer of this.#answers) {
      if (!answer.tenant) continue;
      answer.withoutTenant();
      if (!answer.begun) rosters.leave(tenant);
    }
    if (!this.#joined) return;
    this.#joined = false;
    this.#outbox?.leave(this.#users, context.timing.now());
    rosters.leave(tenant);
  }

  /** By id, its snapshot sent or not. */
  #watches(user: CachedUser): boolean {
    if (includes(this.#users, user)) return true;
    for (const answer of this.#answers) if (answer.users.has(user)) return true;
    return false;
  }

  #watchesTenant(): boolean {
    if (this.#joined) return true;
    for (const answer of this.#answers) if (answer.tenant) return true;
    return false;
  }

  #refusal(error: unknown): WatchError {
    if (error instanceof WatchError) return error;
    if (!(error instanceof StoreError)) this.#node.context.log.error({ err: error }, 'a watch failed');
    return new WatchError('unavailable', 'presence cannot be told at the moment', { cause: error });
  }
}
