import { issuedBy } from '../auth/principal.ts';
import { refusesToken } from '../domain/ending.ts';
import type {
  Device,
  OwnClaim,
  OwnGroups,
  Profile,
  Stamped,
  UserKey,
  UserRef,
  View,
} from '../domain/model.ts';
import {
  newerOf,
  newerProfile,
  profileOf,
  sameGroups,
  sameProfile,
  type TokenProfile,
} from '../domain/profile.ts';
import type { Entry } from '../store/presence-store.ts';
import { Activity } from './activity.ts';
import type { Waiter } from './deadline-queue.ts';
import type { Leaving, Member, UserConnection } from './membership.ts';

/** One user as this node holds them. Times are ms of the monotonic clock; -1 for never. */
export class Holding {
  readonly key: UserKey;
  readonly ref: UserRef;
  readonly partition: number;
  readonly members: Member[] = [];
  /** Connections that only watch: nobody is present by them, but their tokens say name and groups. */
  readonly observers: UserConnection[] = [];
  readonly activity = new Activity();
  /** A batch has contained this user, or the store lists them: it may know of them. */
  sent = false;
  claim: OwnClaim | undefined;
  /** The newest view this node has seen of the user: what a lost row is restored from. */
  view: View | undefined;
  /** What somebody who watches the user here was last shown, while this node knows no {@link view}: for restoring alone. */
  heard: View | undefined;
  /** Members that may be sockets of nobody: they count again when something has come from them. */
  #doubted: Set<Member> | undefined;
  #waiters: Waiter[] = [];
  /** Newest opening that the newest batch told of. */
  toldOpened = -1;
  /** Newest opening of those who left. */
  #left = -1;
  #closed = -1;
  #graceMs = 0;
  /** Which close the newest batch carried, and which one is stored. */
  #closedSent = -1;
  #closedStored = -1;
  /** Stamps of the own claim: what the newest batch carried, what of it hides, and what is stored. */
  #claimSent = -1;
  #hidingSent = -1;
  #claimStored = -1;
  /** Stamp of the newest claim that was made here. */
  #claimMade = -1;
  /** When the first of those who are here opened, and the newest opening that is stored. */
  #here = -1;
  #openedStored = -1;
  /** What the newest tokens say that were used here, and of groups also what the store says. */
  #words: Profile = {};
  /** Name and groups are due until what the newest batch carried of them is what they are. */
  #profile = 0;
  #profileSent = 0;
  #profileStored = 0;

  constructor(key: UserKey, ref: UserRef, partition: number) {
    this.key = key;
    this.ref = ref;
    this.partition = partition;
  }

  add(member: Member, now: number, idleAwayMs: number, graceMs: number): void {
    // Those who come back from another node in one grace come one after the other: only the first one ends it.
    const isFollower = this.members.length > 0 && now - this.activity.begun < graceMs;
    const grace = this.#isInGrace(now) ? 'here' : isFollower ? 'elsewhere' : 'none';
    this.activity.opens(member, this.members.length, grace, idleAwayMs);
    // A store may have forgotten somebody who was not there.
    if (this.members.length === 0) {
      this.reassert();
      this.#here = member.openedAt;
    }
    this.members.push(member);
    this.learn(member.principal);
    this.activity.look(this.members, now);
  }

  /** Somebody only watches from now on. What they say of themselves a store may have forgotten. */
  observe(observer: UserConnection): void {
    this.observers.push(observer);
    this.learn(observer.principal);
    if (this.observers.length === 1 && this.members.length === 0) this.reassert();
  }

  unobserve(observer: UserConnection): void {
    const at = this.observers.indexOf(observer);
    if (at >= 0) this.observers.splice(at, 1);
  }

  /** What is left of this when nobody is present any more and some only watch: nothing of which others may be told. */
  withoutPresence(): Holding {
    const rest = new Holding(this.key, this.ref, this.partition);
    rest.observers.push(...this.observers);
    rest.#words = this.#words;
    rest.#profile = this.#profile;
    rest.#profileStored = this.#profileStored;
    rest.#waiters = this.#waiters;
    rest.claim = this.claim;
    return rest;
  }

  /** Something of it is not told yet, or is waited for. */
  get isDue(): boolean {
    return this.#profile !== this.#profileStored || this.#waiters.length > 0;
  }

  /** @returns whether the member was here. */
  remove(member: Member, how: Leaving, now: number, graceMs: number): boolean {
    const at = this.members.indexOf(member);
    if (at < 0) return false;
    this.members.splice(at, 1);
    // Who was taken for gone has had a grace, and no opening of theirs has ended one.
    const wasInDoubt = this.believe(member);
    if (!wasInDoubt) this.#left = Math.max(this.#left, member.openedAt);
    const hasGrace = !wasInDoubt && how !== 'goodbye';
    this.activity.closes(member, this.members, now, {
      begins: hasGrace,
      runs: this.#isInGrace(now),
    });
    if (!hasGrace) return true;
    this.#closed = now;
    this.#graceMs = graceMs;
    return true;
  }

  /** Takes in what a token says where it is newer; one that says nothing of name and groups changes nothing. */
  learn({ name, groups, iat = 0 }: Partial<TokenProfile>): void {
    const known = this.#words;
    this.#words = newerProfile(known, profileOf({ name, groups, iat }));
    if (!sameProfile(known, this.#words)) this.#profile += 1;
  }

  /** The groups the person is in, as far as this node knows. */
  get own(): OwnGroups | undefined {
    const { groups } = this.#words;
    return groups && { groups: groups.value, stamp: groups.iat };
  }

  /**
   * The store's word on the person's groups. Of two under one stamp the store's counts: it heard the later one.
   * @returns whether they are others now.
   */
  adopt({ groups, stamp }: OwnGroups): boolean {
    const held = this.#words.groups;
    const said = { value: groups, iat: stamp };
    if (
      held !== undefined &&
      (stamp === held.iat ? sameGroups(groups, held.value) : newerOf(held, said) === held)
    )
      return false;
    this.#words = { ...this.#words, groups: said };
    return !sameGroups(groups, held?.value);
  }

  /** Nobody who is here counts any more until something has come from them. @returns who that is. */
  doubt(): readonly Member[] {
    if (this.members.length > 0) this.#doubted = new Set(this.members);
    return this.members;
  }

  /** The member's other end is there, or it is gone for good. @returns whether that was in doubt. */
  believe(member: Member): boolean {
    const wasInDoubt = this.#doubted?.delete(member) ?? false;
    if (this.#doubted?.size === 0) this.#doubted = undefined;
    return wasInDoubt;
  }

  /** Has the next {@link settled} told. Those who gave up meanwhile are forgotten: a store may be away for long. */
  wait(waiter: Waiter): void {
    this.#waiters = this.#waiters.filter(({ settled }) => !settled);
    this.#waiters.push(waiter);
  }

  /** The store's word on the claim, which is newer than what this node knew. */
  takeClaim(claim: OwnClaim): void {
    this.claim = claim;
    this.#claimStored = Math.max(this.#claimStored, claim.stamp);
  }

  /** The batch under way carries a claim that hides, and the store did not have it: it is confirmed once replicas do. */
  get hidesAnew(): boolean {
    return this.#hidingSent > this.#claimStored;
  }

  /** Hands over who waits for the batch that is about to be sent. */
  takeWaiters(): readonly Waiter[] {
    const waiters = this.#waiters;
    this.#waiters = [];
    return waiters;
  }

  /** What the batch under way carried is stored. What changed since then still has to be told. */
  stored(): void {
    this.#closedStored = this.#closedSent;
    this.#openedStored = this.toldOpened;
    this.#claimStored = Math.max(this.#claimStored, this.#claimSent);
    this.#profileStored = this.#profileSent;
  }

  /** The person's own word, made here: it is theirs at once, and shows once it is stored. */
  make(claim: OwnClaim): void {
    this.claim = claim;
    this.#claimMade = claim.stamp;
  }

  /** The store answered since somebody is here, and has their newest word: what is known of them is what it holds. */
  get isAnswered(): boolean {
    return this.#here >= 0 && this.#openedStored >= this.#here && this.#claimStored >= this.#claimMade;
  }

  /** Everything has to be told again. */
  reassert(): void {
    if (this.#words.name !== undefined || this.#words.groups !== undefined) this.#profile += 1;
  }

  /** No grace runs any more: what left was ended for good. */
  endGrace(): void {
    this.#closed = -1;
  }

  /** Nothing may come back of what this node knew of the user, but what those say who are here. */
  forget(): void {
    this.endGrace();
    this.view = undefined;
    this.heard = undefined;
    this.claim = undefined;
    this.#words = {};
    for (const { principal } of this.#connections) this.learn(principal);
  }

  /** What refused tokens said is not told any more, if it was not yet. @param at - s, see `Revocation`. */
  unsay(at: number): void {
    if (this.#profile === this.#profileStored) return;
    const good = <T>(word: Stamped<T> | undefined): Stamped<T> | undefined =>
      word === undefined || refusesToken(at, word.iat) ? undefined : word;
    this.#words = { name: good(this.#words.name), groups: good(this.#words.groups) };
    for (const { principal } of this.#connections) this.learn(principal);
  }

  /** When this user need not be kept any more although nobody is connected: after grace and lease; now after a goodbye. */
  keepUntil(ttlMs: number): number {
    return this.#closed > this.#opened ? this.#closed + this.#graceMs + ttlMs : 0;
  }

  entry(now: number): Entry {
    const members = this.#believed;
    const connections = this.#connections;
    // With nobody left who says it, and no grace of theirs, nothing is told.
    const { name, groups } = connections.length > 0 || this.#opened >= 0 ? this.#words : {};
    const devices = new Set<Device>(members.map((member) => member.device));
    const ago = (moment: number): number => (moment < 0 ? -1 : Math.max(0, now - moment));
    const known = this.view ?? this.heard;
    const isProfileDue = this.#profile !== this.#profileStored;
    // Of who only watches the store is told no claim but one that hides: others are not told of them meanwhile.
    const isOwnWord = this.#opened >= 0 || this.#claimMade >= 0 || this.claim?.status === 'invisible';
    this.#profileSent = this.#profile;
    const closed = this.#isGraceSpent(now) ? -1 : this.#closed;
    this.#closedSent = this.#closed;
    this.toldOpened = this.#opened;
    this.#claimSent = this.claim?.stamp ?? -1;
    this.#hidingSent = this.claim?.status === 'invisible' ? this.claim.stamp : -1;
    return {
      ...this.ref,
      count: members.length,
      activeAgo: ago(this.activity.last),
      idle: this.activity.idle,
      ...(this.activity.openedIdle && { openedIdle: true }),
      openedAgo: ago(this.#opened),
      closedAgo: ago(closed),
      graceMs: this.#graceMs,
      devices: [...devices],
      iat: Math.max(name?.iat ?? 0, groups?.iat ?? 0),
      ...(this.observers.length > 0 && { watchedAgo: ago(newestOpeningOf(this.observers)) }),
      ...(connections.length > 0 && { oldestIat: oldestIatOf(connections) }),
      ...(isProfileDue && name && { name: name.value, nameIat: name.iat }),
      ...(isProfileDue && groups && { groups: groups.value, groupsIat: groups.iat }),
      ...(this.claim && isOwnWord && { claim: this.claim }),
      // Of somebody hidden the store is told nothing that others see: what it lost of that stays lost, as of one who left.
      ...(this.claim?.status !== 'invisible' &&
        known &&
        known.ver > 0 && { known, ...(this.view === undefined && { asks: true as const }) }),
    };
  }

  /** The store knows of the close and its grace is over: told again, it would be the reason for what happens now. */
  #isGraceSpent(now: number): boolean {
    return this.#closedStored === this.#closed && now >= this.#closed + this.#graceMs;
  }

  /** Newest opening, of who is here and who was: it ends the graces that began before it. */
  get #opened(): number {
    return this.#believed.reduce((newest, { openedAt }) => Math.max(newest, openedAt), this.#left);
  }

  get #connections(): readonly UserConnection[] {
    const believed = this.#believed;
    return this.observers.length === 0 ? believed : [...believed, ...this.observers];
  }

  get #believed(): readonly Member[] {
    const doubted = this.#doubted;
    return doubted === undefined ? this.members : this.members.filter((member) => !doubted.has(member));
  }

  #isInGrace(now: number): boolean {
    return this.#closed > this.#opened && now < this.#closed + this.#graceMs;
  }
}

/** 0 when a token has no `iat`: a revocation refuses those first. */
const oldestIatOf = (connections: readonly UserConnection[]): number => {
  let oldest = Number.POSITIVE_INFINITY;
  for (const { principal } of connections) oldest = Math.min(oldest, issuedBy(principal));
  return oldest;
};

const newestOpeningOf = (connections: readonly UserConnection[]): number =>
  Math.max(...connections.map(({ openedAt }) => openedAt));
