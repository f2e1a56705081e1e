import type { FanoutContext } from '../context.ts';
import { FrameBuilder } from '../frame-builder.ts';
import { ANSWER_WEIGHT } from '../limits.ts';
import type { GroupSet } from '../tenant/group-set.ts';
import type { TenantSet } from '../tenant/tenant-set.ts';
import type { CachedUser } from '../views/cached-user.ts';
import type { Reply } from './outbox.ts';

/** Users of a snapshot that cost as much as the answer to a ping. */
const USERS_PER_COST = 25;

/** The connection that an answer belongs to. */
export interface AnswerOwner {
  /** A user goes out with the next frame, in the newest view of them. */
  shown(user: CachedUser): void;
  /** The last frame was written. */
  answered(answer: Answer, now: number): void;
}

/**
 * The answer to one `watch`: a snapshot that is first waited for and then sent, in as many frames as it takes. Until it
 * begins, what it asks for is no watch: it only keeps what is being read from being forgotten.
 */
export class Answer implements Reply {
  /** Before it begins whom it asks for by id; then whom it has still to show, in the order asked. */
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
  #members: CachedUser[] | undefined;
  #next = 0;
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
  }

  /**
   * Everything is known.
   * @param groupMembers - the members of the groups asked for.
   * @param tenantUsers - the users of the tenant, if asked for: those present now, no user twice.
   */
  begin(groupMembers: Iterable<CachedUser>, tenantUsers: Iterable<CachedUser> | undefined): void {
    this.#begun = true;
    this.groups.clear();
    this.tenantSet = undefined;
    this.weight -= this.users.size;
    for (const user of groupMembers) this.users.add(user);
    if (tenantUsers !== undefined) {
      this.#members = [];
      for (const user of tenantUsers) if (user.present && !this.users.has(user)) this.#members.push(user);
    }
    this.weight += this.users.size + (this.#members?.length ?? 0);
  }

  /** No longer watched; who watches the tenant still gets them as one of it. */
  withoutUser(user: CachedUser): void {
    if (this.users.delete(user) && user.present) this.#members?.push(user);
  }

  withoutTenant(): void {
    this.tenant = false;
    this.#members = undefined;
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
    return this.users.size === 0 && this.#next >= (this.#members?.length ?? 0);
  }

  next(): string {
    const frame = new FrameBuilder(this.#context);
    for (const user of this.users) {
      if (frame.full) break;
      this.users.delete(user);
      frame.add(user);
      this.#owner.shown(user);
    }
    const members = this.#members ?? [];
    for (; !frame.full && this.#next < members.length; this.#next += 1) {
      const user = members[this.#next];
      // Went offline while this waited: no part of what a tenant's snapshot shows.
      if (user === undefined || !user.present) continue;
      frame.add(user);
      this.#owner.shown(user);
    }
    return this.#context.encoder.snapshot(frame.records, this.#ref, !this.done);
  }

  sent(now: number): void {
    this.#owner.answered(this, now);
  }
}
