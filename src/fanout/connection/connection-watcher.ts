import { ANY_TENANT } from '../../domain/model.ts';
import { OUTGROWN_FRAMES } from '../../protocol/encode-presence.ts';
import { goneFrame } from '../../protocol/server-frames.ts';
import { inTurn } from '../fair-turns.ts';
import { type Sink, WatchError, type WatchRequest } from '../fanout.ts';
import { ANSWER_WEIGHT } from '../limits.ts';
import { added, EMPTY, removed } from '../small-set.ts';
import type { GroupSet } from '../tenant/group-set.ts';
import { tooManyMembers } from '../tenant/groups.ts';
import type { TenantCache } from '../tenant/tenant-cache.ts';
import { tooMany } from '../tenant/tenant-sets.ts';
import type { CachedUser } from '../views/cached-user.ts';
import { type Viewer, visibility } from '../visibility.ts';
import type { Watching } from '../watching.ts';
import { Answer, type AnswerOwner } from './answer.ts';
import { readInTurn } from './answer-reading.ts';
import { checkVisible } from './check-visible.ts';
import { GroupWatches, type GroupWatchesOwner } from './group-watches.ts';
import { Outbox, type OutboxOwner } from './outbox.ts';
import { checkQuota } from './quota.ts';
import { refusal } from './refusal.ts';
import { Watched } from './watched.ts';

/** What one connection watches. */
export class ConnectionWatcher implements AnswerOwner, OutboxOwner, GroupWatchesOwner {
  readonly #node: Watching;
  readonly #tenant: string;
  readonly #sink: Sink;
  #viewer: Viewer;
  /** Made with the first watch: there are products most of whose connections never watch. */
  #outbox: Outbox | undefined;
  readonly watched: Watched;
  /** Made with the first watch of a group. */
  #groupWatches: GroupWatches | undefined;
  readonly #others: () => number;
  /** The connection has its place in the tenant's stream. */
  #joined = false;
  #closed = false;

  /** @param others - watches of the connection that are not of people. */
  constructor(tenant: string, sink: Sink, viewer: Viewer, node: Watching, others: () => number) {
    this.#others = others;
    this.#tenant = tenant;
    this.#sink = sink;
    this.#viewer = viewer;
    this.#node = node;
    this.watched = new Watched(node.cache, node.context);
  }

  /** Computed at each call, because calls are rare. */
  get watching(): { users: ReadonlySet<string>; groups: ReadonlySet<string>; tenant: boolean } {
    const waiting = this.#waiting;
    const users = new Set(this.watched.named.map(({ user }) => user));
    const groups = new Set([...this.watched.groups].map(({ name }) => name));
    for (const answer of waiting) {
      for (const { user } of answer.users) users.add(user);
      for (const { name } of answer.groups) groups.add(name);
    }
    return { users, groups, tenant: this.#joined || waiting.some(({ tenant }) => tenant) };
  }

  async watch(request: WatchRequest, ref?: string): Promise<void> {
    if (this.#closed) return;
    const { context, budgets } = this.#node;
    const person = this.person;
    // Before anything is made of it: what is refused has to be cheap.
    const first = budgets.begin(person, request.users?.length ?? 0);
    const answer = this.#admit(request, ref);
    try {
      if (first !== undefined) await first;
      await readInTurn(answer, budgets.rank(person), this.#node, this.#tenant, () => this.#closed);
      const second = budgets.take(person, this.#sizeOf(answer));
      if (second !== undefined) await second;
      await inTurn(this.#node.fairTurns, person, () => {
        if (!this.#closed) this.#begin(answer);
        return answer.cost;
      });
    } catch (error) {
      if (this.#closed) return;
      this.#abandon(answer);
      throw refusal(error, context.log);
    } finally {
      context.meter.commit();
    }
  }

  unwatch(request: WatchRequest): void {
    const tenant = this.#node.cache.find(this.#tenant);
    if (this.#closed || tenant === undefined) return;
    // A client that watches and unwatches pays for both. It is done at once all the same.
    this.#node.budgets.charge(this.person, this.#sizeOfUnwatch(request));
    const waiting = this.#waiting;
    for (const id of request.users ?? []) {
      const user = tenant.users.get(id);
      if (user === undefined || !this.watched.isAskedFor(user)) continue;
      for (const answer of waiting) if (answer.users.delete(user)) this.watched.unask(tenant, user);
      this.watched.unname(tenant, user);
    }
    for (const name of request.groups ?? []) {
      for (const answer of this.#waiting) this.#withoutGroup(tenant, answer, name);
      const members = [...(this.watched.find(name)?.members ?? [])];
      this.#dropGroup(tenant, name);
      for (const user of members) this.regrouped(user);
    }
    if (request.tenant === true) {
      for (const answer of this.#waiting) this.#withoutTenant(tenant, answer);
      this.#dropTenant(tenant);
    }
    this.#node.context.meter.commit();
  }

  /** Whom an answer asks for that has not begun is judged when it begins. */
  allow(viewer: Viewer): void {
    this.#viewer = viewer;
    const tenant = this.#node.cache.find(this.#tenant);
    if (this.#closed || tenant === undefined) return;
    if (!viewer.everyone && this.#joined) {
      this.#dropTenant(tenant);
      this.say(goneFrame({ tenant: true }));
    }
    const users: string[] = [];
    const groups: string[] = [];
    for (const { name } of [...this.watched.groups]) {
      if (viewer.users && viewer.groups.includes(name)) continue;
      const gone = this.#dropGroup(tenant, name);
      if (!this.#joined) users.push(...gone);
      groups.push(name);
    }
    for (const user of this.watched.named) {
      if (this.#hide(tenant, user)) users.push(user.user);
    }
    if (groups.length + users.length > 0) this.outbox.takeAway(groups, users);
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
      for (const answer of this.#waiting) this.#release(tenant, answer);
      this.watched.answers = EMPTY;
      for (const { name } of [...this.watched.groups]) this.#dropGroup(tenant, name);
      for (const user of this.watched.named) this.watched.unname(tenant, user);
      this.#dropTenant(tenant);
    }
    context.meter.commit();
  }

  shown(user: CachedUser): void {
    this.#outbox?.sentNewest(user);
  }

  answered(answer: Answer, now: number): void {
    this.watched.answers = removed(this.watched.answers, answer);
    if (answer.tenant) this.#outbox?.follow(now);
  }

  isUnsent(user: CachedUser): boolean {
    return this.watched.isUnsent(user);
  }

  outgrown(): void {
    const tenant = this.#node.cache.find(this.#tenant);
    if (tenant === undefined) return;
    this.#dropTenant(tenant);
    for (const frame of OUTGROWN_FRAMES) this.say(frame);
  }

  regrouped(user: CachedUser): void {
    const tenant = this.#node.cache.find(this.#tenant);
    if (tenant === undefined || this.#closed || !this.#hide(tenant, user)) return;
    this.outbox.takeAway([], [user.user], !this.#joined);
  }

  forgotten(user: CachedUser): void {
    const tenant = this.#node.cache.find(this.#tenant);
    if (tenant !== undefined && this.watched.unname(tenant, user)) {
      this.outbox.takeAway([], [user.user], !this.#joined);
    }
  }

  isListing(set: GroupSet): boolean {
    return this.watched.listing(set) !== undefined;
  }

  get watchesTenant(): boolean {
    return this.#joined;
  }

  get outbox(): Outbox {
    this.#outbox ??= new Outbox(this.#sink, this.#node.context, this);
    return this.#outbox;
  }

  say(frame: string): void {
    if (this.#outbox !== undefined) this.#outbox.say(frame);
    else this.#sink.send(frame);
  }

  /** @throws WatchError when so many watches more are too many for this connection. */
  checkRoom(more: number): void {
    if (this.watched.asked + this.#others() + more > this.#node.limits.maxWatches) {
      throw new WatchError('too_many_watches', `at most ${this.#node.limits.maxWatches} may be watched`);
    }
  }

  /** Whose budget it is: of a user over all connections, of a service over all tenants. */
  get person(): string {
    const { self, service } = this.#viewer;
    return service === undefined ? `${this.#tenant}:${self ?? ''}` : `${ANY_TENANT}:${service}`;
  }

  /** Answers that have not begun. */
  get #waiting(): Answer[] {
    return this.watched.waiting;
  }

  /** Holds what was asked for until it is known, or throws and leaves everything as it was. */
  #admit(
    { users = [], groups = [], tenant: wantsTenant = false }: WatchRequest,
    ref: string | undefined,
  ): Answer {
    const { cache, context, tenantSets } = this.#node;
    const ids = new Set(users);
    this.#checkQuota(ids, wantsTenant && !this.#joined ? 1 : 0);
    const answer = new Answer({ users: new Set(), tenant: wantsTenant, ref }, this, context);
    if (ids.size === 0 && groups.length === 0 && !wantsTenant) {
      this.watched.answers = added(this.watched.answers, answer);
      return answer;
    }
    const tenant = cache.tenant(this.#tenant);
    try {
      for (const id of ids) answer.users.add(this.watched.ask(cache.user(tenant, id)));
      for (const name of new Set(groups)) answer.groups.add(this.#node.groups.enter(tenant, name));
      if (wantsTenant) answer.tenantSet = tenantSets.enter(tenant);
    } catch (error) {
      this.#release(tenant, answer);
      cache.prune(tenant);
      throw error;
    }
    this.watched.answers = added(this.watched.answers, answer);
    return answer;
  }

  /** @throws WatchError when it is too much, before anything was changed. */
  #checkQuota(ids: ReadonlySet<string>, sets: number): void {
    const { cache, context, limits, running } = this.#node;
    if (!running) throw new WatchError('unavailable', 'this node does not follow changes');
    const known = cache.find(this.#tenant)?.users;
    let users = 0;
    let views = 0;
    for (const id of ids) {
      const user = known?.get(id);
      if (user === undefined) views += 1;
      if (user === undefined || !this.watched.isAskedFor(user)) users += 1;
    }
    checkQuota(
      { users, others: this.#others(), sets, views, weight: ids.size + ANSWER_WEIGHT },
      this.watched,
      context.meter,
      limits,
    );
  }

  /** Users who are looked at: those named, and the members of groups that are watched. */
  #sizeOfUnwatch({ users = [], groups = [] }: WatchRequest): number {
    let size = users.length;
    for (const name of groups) size += this.watched.find(name)?.members.size ?? 0;
    return size;
  }

  /** Users it will show beside those asked for by id. */
  #sizeOf(answer: Answer): number {
    let size = 0;
    for (const { members } of answer.groups) size += members.size;
    return size + (answer.tenant ? (this.#node.cache.find(this.#tenant)?.present ?? 0) : 0);
  }

  /** Everything is known: the watch begins. @throws WatchError when it may not; then nothing was changed. */
  #begin(answer: Answer): void {
    const { cache, context, limits, tenantSets } = this.#node;
    const now = context.timing.now();
    const tenant = cache.tenant(this.#tenant);
    checkVisible(answer, this.#viewer);
    if (answer.tenant && !this.#joined && tenantSets.tooLarge(tenant)) throw tooMany();
    const sets = answer.groups.size;
    let members = 0;
    let fresh = 0;
    for (const set of answer.groups) {
      members += set.members.size;
      if (!this.watched.groups.has(set)) fresh += set.members.size;
    }
    const others = this.#others();
    if (this.watched.asked + others + fresh > limits.maxWatches && sets > 0) throw tooManyMembers();
    checkQuota(
      { users: fresh, others, sets, views: 0, weight: members },
      this.watched,
      context.meter,
      limits,
    );
    const outbox = this.outbox;
    // What is known of the lists so far goes first: the ones that follow take its place.
    outbox.sendAllNews(now);
    for (const user of answer.users) {
      this.watched.name(user, outbox);
      this.watched.unask(tenant, user);
    }
    for (const set of answer.groups) {
      this.#groupWatches ??= new GroupWatches(this.#node, this.#tenant, this);
      this.#groupWatches.join(tenant, set);
    }
    if (answer.tenantSet !== undefined) this.#joinTenant(tenant, answer.tenantSet, outbox);
    answer.begin(answer.tenant ? tenant.users.values() : undefined);
    cache.prune(tenant);
    outbox.reply(answer, now);
  }

  #joinTenant(
    tenant: TenantCache,
    { stream }: { stream: Parameters<Outbox['join']>[0] },
    outbox: Outbox,
  ): void {
    if (this.#joined) {
      this.#node.tenantSets.leave(tenant);
      return;
    }
    this.#joined = true;
    this.#node.context.meter.watches += 1;
    outbox.join(stream);
  }

  /** Takes back what {@link #admit} did, and nothing else. */
  #abandon(answer: Answer): void {
    this.watched.answers = removed(this.watched.answers, answer);
    const tenant = this.#node.cache.find(this.#tenant);
    if (tenant !== undefined) this.#release(tenant, answer);
  }

  #release(tenant: TenantCache, answer: Answer): void {
    for (const user of answer.users) this.watched.unask(tenant, user);
    answer.users.clear();
    for (const set of answer.groups) this.#node.groups.leave(tenant, set);
    answer.groups.clear();
    this.#withoutTenant(tenant, answer);
  }

  #withoutGroup(tenant: TenantCache, answer: Answer, name: string): void {
    for (const set of answer.groups) {
      if (set.name === name && answer.groups.delete(set)) this.#node.groups.leave(tenant, set);
    }
  }

  #withoutTenant(tenant: TenantCache, answer: Answer): void {
    if (answer.tenantSet !== undefined) this.#node.tenantSets.leave(tenant);
    answer.tenantSet = undefined;
    answer.withoutTenant();
  }

  /**
   * A member of a watched group is seen until they are known to have left it. Then one `gone` ends both watches.
   * @returns whether the user was watched by id and is watched no longer, for being out of sight.
   */
  #hide(tenant: TenantCache, user: CachedUser): boolean {
    if (visibility(this.#viewer, user) !== 'hidden' || this.watched.isMember(user)) return false;
    return this.watched.unname(tenant, user);
  }

  /** @returns users who are watched no longer. */
  #dropGroup(tenant: TenantCache, name: string): string[] {
    const set = this.watched.find(name);
    return set === undefined ? [] : (this.#groupWatches?.drop(tenant, set) ?? []);
  }

  #dropTenant(tenant: TenantCache): void {
    if (!this.#joined) return;
    this.#joined = false;
    for (const answer of this.watched.answers) if (answer.begun && answer.tenant) answer.withoutTenant();
    const { context, tenantSets } = this.#node;
    context.meter.watches -= 1;
    this.#outbox?.leave(this.watched.users, context.timing.now());
    tenantSets.leave(tenant);
  }
}
