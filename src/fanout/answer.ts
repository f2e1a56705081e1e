import type { CachedUser } from './cached-user.ts';
import type { FanoutContext } from './context.ts';
import { FrameBuilder } from './frame-builder.ts';
import { ANSWER_WEIGHT } from './limits.ts';
import type { Reply } from './outbox.ts';

/** The connection that an answer belongs to. */
export interface AnswerOwner {
  /** A user asked for by id goes out with the next frame: from here on their changes follow. @returns whether they may. */
  registered(user: CachedUser): boolean;
  /** A present user of the tenant goes out with the next frame. */
  shown(user: CachedUser): void;
  /** The last frame was written. */
  answered(answer: Answer, now: number): void;
}

/** The answer to one `watch`: a snapshot that is first waited for and then sent, in as many frames as it takes. */
export class Answer implements Reply {
  /** Asked for by id, then members of the groups asked for, that were not sent yet; in the order asked. */
  readonly users: Set<CachedUser>;
  /** Groups asked for and not answered yet. */
  readonly groups: Set<string>;
  /** The whole tenant was asked for. */
  tenant: boolean;
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
    request: {
      readonly users: Set<CachedUser>;
      readonly groups: Set<string>;
      readonly tenant: boolean;
      readonly ref: string | undefined;
    },
    owner: AnswerOwner,
    context: FanoutContext,
  ) {
    this.users = request.users;
    this.groups = request.groups;
    this.tenant = request.tenant;
    this.weight = request.users.size + ANSWER_WEIGHT;
    this.#ref = request.ref;
    this.#owner = owner;
    this.#context = context;
  }

  /** The groups asked for are known: their members go out as well. */
  include(users: Iterable<CachedUser>): void {
    this.weight -= this.users.size;
    for (const user of users) this.users.add(user);
    this.weight += this.users.size;
    this.groups.clear();
  }

  /** @param members - the users of the tenant, if asked for: those present now, but nobody twice. */
  begin(members: Iterable<CachedUser> | undefined): void {
    this.#begun = true;
    if (members === undefined) return;
    this.#members = [];
    for (const user of members) if (user.present && !this.users.has(user)) this.#members.push(user);
    this.weight += this.#members.length;
  }

  /** No longer watched by id; who watches the tenant still gets them as one of it. */
  withoutUser(user: CachedUser): void {
    if (this.users.delete(user) && user.present) this.#members?.push(user);
  }

  withoutTenant(): void {
    this.tenant = false;
    this.#members = undefined;
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
      if (this.#owner.registered(user)) frame.add(user);
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
