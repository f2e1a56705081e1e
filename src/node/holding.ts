import type { Device, OwnClaim, UserKey, UserRef } from '../domain/model.ts';
import type { Entry, SelfView } from '../store/presence-store.ts';
import type { Waiter } from './deadline-queue.ts';
import type { Leaving, Member } from './membership.ts';

/** One user as this node holds them. Times are ms of the monotonic clock; -1 for never. */
export class Holding {
  readonly key: UserKey;
  readonly ref: UserRef;
  readonly partition: number;
  readonly members: Member[] = [];
  /** A batch has contained this user: the store may know of them. */
  sent = false;
  dirtyAt = -1;
  waiters: Waiter[] = [];
  claim: OwnClaim | undefined;
  self: SelfView | undefined;
  /** The store watches the idle limit because nobody here spoke of activity yet. */
  tookOver = false;
  #act = -1;
  #idle = false;
  #opened = -1;
  #closed = -1;
  #graceMs = 0;
  #iat = 0;
  #name: string | undefined;
  #groups: readonly string[] | undefined;
  /** Name and groups have to be told (again). */
  #profileDue = false;

  constructor(key: UserKey, ref: UserRef, partition: number) {
    this.key = key;
    this.ref = ref;
    this.partition = partition;
  }

  get idle(): boolean {
    return this.#idle;
  }

  get spoke(): boolean {
    return this.#act >= 0;
  }

  add(member: Member): void {
    this.members.push(member);
    this.#opened = Math.max(this.#opened, member.openedAt);
    this.learn(member);
    this.touch(member);
  }

  remove(member: Member, how: Leaving, now: number, graceMs: number): void {
    const at = this.members.indexOf(member);
    if (at < 0) return;
    this.members.splice(at, 1);
    this.#act = Math.max(this.#act, member.activeAt);
    this.#idle = this.members.length > 0 ? this.members.every((m) => m.idle) : member.idle;
    if (how === 'goodbye') return;
    this.#closed = now;
    this.#graceMs = graceMs;
  }

  /** Takes in what a member says of activity. */
  touch(member: Member): void {
    this.#act = Math.max(this.#act, member.activeAt);
    this.#idle = this.members.every((m) => m.idle);
  }

  /** Takes in what a member's token says. */
  learn({ principal }: Member): void {
    const iat = principal.iat ?? 0;
    if (iat < this.#iat) return;
    this.#iat = iat;
    if (principal.name === undefined && principal.groups === undefined) return;
    if (principal.name === this.#name && principal.groups === this.#groups) return;
    this.#name = principal.name ?? this.#name;
    this.#groups = principal.groups ?? this.#groups;
    this.#profileDue = true;
  }

  profileStored(): void {
    this.#profileDue = false;
  }

  /** After a loss everything has to be told again. */
  reassert(): void {
    this.#profileDue = this.#name !== undefined || this.#groups !== undefined;
  }

  /** When this user need not be kept any more although nobody is connected: after grace and lease; now after a goodbye. */
  keepUntil(ttlMs: number): number {
    return this.#closed < this.#opened ? 0 : this.#closed + this.#graceMs + ttlMs;
  }

  entry(now: number): Entry {
    const devices = new Set<Device>(this.members.map((member) => member.device));
    const ago = (moment: number): number => (moment < 0 ? -1 : Math.max(0, now - moment));
    return {
      ...this.ref,
      count: this.members.length,
      activeAgo: ago(this.#act),
      idle: this.#idle,
      openedAgo: ago(this.#opened),
      closedAgo: ago(this.#closed),
      graceMs: this.#graceMs,
      devices: [...devices],
      iat: this.#iat,
      ...(this.#profileDue && this.#name !== undefined && { name: this.#name }),
      ...(this.#profileDue && this.#groups !== undefined && { groups: this.#groups }),
      ...(this.claim && { claim: this.claim }),
      ...(this.self && this.self.view.ver > 0 && { known: this.self.view }),
    };
  }
}
