import type { FanoutContext } from '../context.ts';
import { FrameBuilder } from '../frame-builder.ts';
import { ANSWER_WEIGHT } from '../limits.ts';
import type { GroupSet } from '../tenant/group-set.ts';
import type { TenantSet } from '../tenant/tenant-set.ts';
import type { CachedUser } from '../views/cached-user.ts';
import type { Reply } from './outbox.ts';

/** Users of a snapshot that cost as much as the answer to a ping. */
const USERS_PER_COST = 25;

/** The part of an answer that shows one group. */
export interface GroupList {
  readonly set: GroupSet;
  /** Members who are still to be sent. */
  readonly users: Set<CachedUser>;
}

/** The connection that an answer belongs to. */
export interface AnswerOwner {
  /** A user goes out with the next frame, in the newest view of them. */
  shown(user: CachedUser): void;
  /** The last frame was written. */
  answered(answer: Answer, now: number): void;
}

/**
 * The answer to one `watch`: a snapshot that is first waited for and then sent, in as many frames as it takes. Until it
 * begins, what it asks for is no watch: it only keeps what is being read from being forgotten. First come the users asked
 * for by id and those of the tenant, each once, and then the list of each group, each complete by itself.
 */
export class Answer implements Reply {
  /** Before it begins whom it asks for by id; then whom of them it has still to show, in the order asked. */
  readonly users: Set<CachedUser>;
  /** Groups it asks for; none once it has begun. */
  readonly groups = new Set<GroupSet>();
  /** The whole tenant is asked for. */
  tenant: boolean;
  /** The tenant's set that it waits for; none once it has begun. */
  tenantSet: TenantSet | undefined;
  /** What it counts as among what waits to be sent. */
  weight: number;
  readonly #ref: string | undefined;
  readonly #owner: AnswerOwner;
  readonly #context: FanoutContext;
  /** The tenant's part, once it is known. */
  #tenantUsers: CachedUser[] | undefined;
  #next = 0;
  /** Groups whose list was not sent to its end. */
  #lists: GroupList[] = [];
  /** Users who belong to no list were asked for, and their last frame is still to come. */
  #owesUsers: boolean;
  #begun = false;

  constructor(
    request: { readonly users: Set<CachedUser>; readonly tenant: boolean; readonly ref: string | undefined },
    owner: AnswerOwner,
    context: FanoutContext,
  ) {
    this.users = request.users;
    this.tenant = request.tenant;
    this.weight = request.users.size + ANSWER_WEIGHT;
    this.#ref = request.ref;
    this.#owner = owner;
    this.#context = context;
    this.#owesUsers = request.tenant;
  }

  /**
   * Everything is known.
   * @param tenantUsers - the users of the tenant, if asked for: those present now, no user twice.
   */
  begin(tenantUsers: Iterable<CachedUser> | undefined): void {
    this.#begun = true;
    this.#lists = [...this.groups].map((set) => ({ set, users: new Set(set.members) }));
    this.groups.clear();
    this.tenantSet = undefined;
    if (this.users.size > 0 || this.#lists.length === 0) this.#owesUsers = true;
    if (tenantUsers !== undefined) {
      this.#tenantUsers = [];
      for (const user of tenantUsers) if (user.present && !this.users.has(user)) this.#tenantUsers.push(user);
    }
    this.weight += this.#tenantUsers?.length ?? 0;
    for (const { users } of this.#lists) this.weight += users.size;
  }

  /** The snapshot of a user is still to come. */
  isUnsent(user: CachedUser): boolean {
    return this.users.has(user) || this.#lists.some(({ users }) => users.has(user));
  }

  /** The list of a group that was not sent to its end. */
  list(set: GroupSet): GroupList | undefined {
    return this.#lists.find((list) => list.set === set);
  }

  withoutList(set: GroupSet): void {
    this.#lists = this.#lists.filter((list) => list.set !== set);
  }

  /** No longer watched; who watches the tenant still gets them as one of it. */
  withoutUser(user: CachedUser): void {
    if (this.users.delete(user) && user.present) this.#tenantUsers?.push(user);
    for (const { users } of this.#lists) users.delete(user);
  }

  withoutTenant(): void {
    this.tenant = false;
    this.#tenantUsers = undefined;
  }

  /** What it takes to begin with it, in what the answer to a ping costs. */
  get cost(): number {
    return 1 + this.weight / USERS_PER_COST;
  }

  /** No longer waited for. */
  get begun(): boolean {
    return this.#begun;
  }

  get done(): boolean {
    return !this.#owesUsers && this.#lists.length === 0;
  }

  next(): string {
    const list = this.#owesUsers ? undefined : this.#lists[0];
    // Without both: what was still to come was taken out, and the last frame said that more follows.
    const frame = list === undefined ? this.#ofUsers() : this.#ofGroup(list);
    const part = { ref: this.#ref, group: list?.set.name, more: !this.done };
    return this.#context.encoder.snapshot(frame.records, part);
  }

  sent(now: number): void {
    this.#owner.answered(this, now);
  }

  #ofUsers(): FrameBuilder {
    const frame = new FrameBuilder(this.#context);
    this.#take(frame, this.users);
    const tenantUsers = this.#tenantUsers ?? [];
    for (; !frame.full && this.#next < tenantUsers.length; this.#next += 1) {
      const user = tenantUsers[this.#next];
      // Went offline while this waited: no part of what a tenant's snapshot shows.
      if (user === undefined || !user.present) continue;
      frame.add(user);
      this.#owner.shown(user);
    }
    this.#owesUsers = this.users.size > 0 || this.#next < tenantUsers.length;
    return frame;
  }

  #ofGroup({ users }: GroupList): FrameBuilder {
    const frame = new FrameBuilder(this.#context);
    this.#take(frame, users);
    if (users.size === 0) this.#lists.shift();
    return frame;
  }

  #take(frame: FrameBuilder, users: Set<CachedUser>): void {
    for (const user of users) {
      if (frame.full) break;
      users.delete(user);
      frame.add(user);
      this.#owner.shown(user);
    }
  }
}
