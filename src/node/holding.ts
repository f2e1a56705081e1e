import { issuedBy } from '../auth/principal.ts';
import { type DeviceMask, deviceBit, deviceList, deviceMask } from '../domain/devices.ts';
import { refusesToken } from '../domain/ending.ts';
import type {
  Device,
  Note,
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
import type { Entry } from '../store/port/reports.ts';
import { Activity } from './activity.ts';
import type { Leaving, Member, UserConnection } from './membership.ts';
import type { Stays } from './stays.ts';
import type { Waiter } from './waiter.ts';

/** One user as this node holds them. Times are ms of the monotonic clock; -1 for never. */
export class Holding {
  readonly key: UserKey;
  readonly ref: UserRef;
  readonly partition: number;
  readonly members: Member[] = [];
  /** Connections that only watch: they make no user present, but their tokens carry name and groups. */
  readonly observers: UserConnection[] = [];
  readonly activity = new Activity();
  /** A batch has contained this user, or the store lists them: the store may know them. */
  sent = false;
  claim: OwnClaim | undefined;
  /** What the store said of the person's note. */
  note: Note | undefined;
  /** The newest view that this node has seen of the user, from which a lost row is restored. */
  view: View | undefined;
  /** What a watcher of the user here was last shown, while this node knows no {@link view}: only for restoring. */
  heard: View | undefined;
  /** Where the user is; absent while the user is in no place by a connection here. */
  stays: Stays | undefined;
  /** Members whose sockets may have no client behind them: they count again once something was received from them. */
  #doubted: Set<Member> | undefined;
  #waiters: Waiter[] = [];
  /** Newest opening that the newest batch reported. */
  toldOpened = -1;
  /** Newest opening of connections that closed. */
  #left = -1;
  #closed = -1;
  #graceMs = 0;
  /** Kinds of device that closed in this grace. */
  #closedDevices: DeviceMask = 0;
  /** Which close the newest batch carried, and which one is stored. */
  #closedSent = -1;
  #closedStored = -1;
  /** Stamps of the own claim: the one in the newest batch, the one of these that hides, and the stored one. */
  #claimSent = -1;
  #hidingSent = -1;
  #claimStored = -1;
  /** Stamp of the newest claim that was made here. */
  #claimMade = -1;
  /** When the first of the open connections opened, and the newest opening that is stored. */
  #here = -1;
  #openedStored = -1;
  /**
   * When the grace that an opening here ended last would have ended. Connections that come back until then come back
   * together, and none of them is a sign that the person is active.
   */
  #endedGraceUntil = -1;
  /** The connection that ended last was closed because its token was revoked. */
  #isRevoked = false;
  /** What the newest tokens used here say, and for groups also what the store says. */
  #words: Profile = {};
  /** Name and groups must be sent until the newest batch carried their current values. */
  #profile = 0;
  #profileSent = 0;
  #profileStored = 0;

  constructor(key: UserKey, ref: UserRef, partition: number) {
    this.key = key;
    this.ref = ref;
    this.partition = partition;
  }

  add(member: Member, now: number, idleAwayMs: number, graceMs: number): void {
    // Connections that come back from another node in one grace arrive one after another: only the first one ends it.
    const isFollower = this.members.length > 0 && now - this.activity.begun < graceMs;
    if (this.#isInGrace(now)) this.#endedGraceUntil = this.#closed + this.#graceMs;
    const grace = now < this.#endedGraceUntil ? 'here' : isFollower ? 'elsewhere' : 'none';
    this.activity.opens(member, this.members.length, grace, idleAwayMs);
    // The store may have forgotten a user who was not present.
    if (this.members.length === 0) {
      this.reassert();
      this.#here = member.openedAt;
    }
    this.members.push(member);
    this.learn(member.principal);
    this.activity.look(this.members, now);
  }

  /** A connection that only watches opened. The store may have forgotten what its token says. */
  observe(observer: UserConnection): void {
    this.observers.push(observer);
    this.learn(observer.principal);
    if (this.observers.length === 1 && this.members.length === 0) this.reassert();
  }

  unobserve(observer: UserConnection): void {
    const at = this.observers.indexOf(observer);
    if (at >= 0) this.observers.splice(at, 1);
  }

  /** What is left once the user is no longer present and connections only watch: nothing that others may be shown. */
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

  /** Something in it is not stored yet, or has a pending request. */
  get isDue(): boolean {
    return this.#profile !== this.#profileStored || this.#waiters.length > 0;
  }

  /** @returns whether the member was here. */
  remove(member: Member, how: Leaving, now: number, graceMs: number): boolean {
    const at = this.members.indexOf(member);
    if (at < 0) return false;
    this.members.splice(at, 1);
    // A member that was taken to be gone has had a grace, and no opening of it has ended one.
    const wasInDoubt = this.believe(member);
    if (!wasInDoubt) this.#left = Math.max(this.#left, member.openedAt);
    const hasGrace = !wasInDoubt && how !== 'goodbye' && how !== 'revoked';
    this.#isRevoked = how === 'revoked';
    this.activity.closes(member, this.members, now, {
      begins: hasGrace,
      runs: this.#isInGrace(now),
    });
    this.stays?.closes(member, now, hasGrace ? graceMs : undefined);
    if (!hasGrace) {
      // A grace that is over would keep this node from dropping a user who said goodbye.
      if (this.members.length === 0 && !this.#isInGrace(now)) this.endGrace();
      return true;
    }
    if (!this.#isInGrace(now)) this.#closedDevices = 0;
    this.#closedDevices |= deviceBit(member.device);
    this.#closed = now;
    this.#graceMs = graceMs;
    return true;
  }

  /** Takes what a token says where it is newer; a token without name and groups changes nothing. */
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
   * The store's value of the person's groups. Of two with one stamp the store's counts, because it received the later
   * one.
   * @returns whether they changed.
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

  /** No open connection counts any more until something was received from it. @returns these connections. */
  doubt(): readonly Member[] {
    if (this.members.length > 0) this.#doubted = new Set(this.members);
    return this.members;
  }

  /** The member's client answered, or the member is gone. @returns whether that was in doubt. */
  believe(member: Member): boolean {
    const wasInDoubt = this.#doubted?.delete(member) ?? false;
    if (this.#doubted?.size === 0) this.#doubted = undefined;
    return wasInDoubt;
  }

  /**
   * Adds a request that the next {@link settled} answers. Expired ones are dropped: a store may be unreachable for
   * long.
   */
  wait(waiter: Waiter): void {
    this.#waiters = this.#waiters.filter(({ settled }) => !settled);
    this.#waiters.push(waiter);
  }

  /** Takes the store's value of the claim. With the same stamp it is newer: the store knows that the claim has ended. */
  takeClaim(claim: OwnClaim): void {
    if (claim.stamp < (this.claim?.stamp ?? 0)) return;
    this.claim = claim;
    this.#claimStored = Math.max(this.#claimStored, claim.stamp);
  }

  /** Takes the store's value of the note: with the same stamp, that it has ended. */
  takeNote(note: Note): void {
    if (note.stamp >= (this.note?.stamp ?? 0)) this.note = note;
  }

  /** The batch in flight carries a claim that hides and was not stored yet: it is confirmed once replicas have it. */
  get hidesAnew(): boolean {
    return this.#hidingSent > this.#claimStored;
  }

  /** Hands over the requests that wait for the batch about to be sent. */
  takeWaiters(): readonly Waiter[] {
    const waiters = this.#waiters;
    this.#waiters = [];
    return waiters;
  }

  /** What the batch in flight carried is stored. Later changes still have to be sent. */
  stored(): void {
    this.#closedStored = this.#closedSent;
    this.#openedStored = this.toldOpened;
    this.#claimStored = Math.max(this.#claimStored, this.#claimSent);
    this.#profileStored = this.#profileSent;
  }

  /** The person's own claim, made here: it counts for the person at once, and for others once it is stored. */
  make(claim: OwnClaim): void {
    this.claim = claim;
    this.#claimMade = claim.stamp;
  }

  /**
   * The store has answered since the user is here, and has their newest claim: this node knows what the store holds.
   */
  get isAnswered(): boolean {
    return this.#here >= 0 && this.#openedStored >= this.#here && this.#claimStored >= this.#claimMade;
  }

  /** Everything has to be reported again. */
  reassert(): void {
    if (this.#words.name !== undefined || this.#words.groups !== undefined) this.#profile += 1;
  }

  /** No grace runs any more: closed connections, or all of one kind of device, were ended permanently. */
  endGrace(device?: Device): void {
    this.#closedDevices = device === undefined ? 0 : this.#closedDevices & ~deviceBit(device);
    if (this.#closedDevices > 0) return;
    this.#closed = -1;
    this.#endedGraceUntil = -1;
    this.stays?.endGrace();
  }

  /** Drops what this node knew of the user, except what the open connections say. */
  forget(): void {
    this.endGrace();
    this.stays?.forget();
    this.view = undefined;
    this.heard = undefined;
    this.claim = undefined;
    this.note = undefined;
    this.#words = {};
    for (const { principal } of this.#connections) this.learn(principal);
  }

  /** What refused tokens said is no longer sent, if it was not yet. @param at - s, see `Revocation`. */
  unsay(at: number): void {
    if (this.#profile === this.#profileStored) return;
    const good = <T>(word: Stamped<T> | undefined): Stamped<T> | undefined =>
      word === undefined || refusesToken(at, word.iat) ? undefined : word;
    this.#words = { name: good(this.#words.name), groups: good(this.#words.groups) };
    for (const { principal } of this.#connections) this.learn(principal);
  }

  /** Until when this user is kept without a connection: for grace and lease; not at all after a goodbye. */
  keepUntil(ttlMs: number): number {
    return this.#closed > this.#opened ? this.#closed + this.#graceMs + ttlMs : 0;
  }

  entry(now: number): Entry {
    const members = this.#believed;
    const connections = this.#connections;
    // With no connection left to carry it, and no grace, nothing is sent.
    const { name, groups } = connections.length > 0 || this.#opened >= 0 ? this.#words : {};
    const devices = deviceMask(members.map((member) => member.device));
    const idleDevices = devices & this.activity.idleDevices;
    const ago = (moment: number): number => (moment < 0 ? -1 : Math.max(0, now - moment));
    const known = this.view ?? this.heard;
    const isProfileDue = this.#profile !== this.#profileStored;
    // For a user who only watches, the store is sent no claim but one that hides, because others are not shown them
    // meanwhile.
    const isOwnWord = this.#opened >= 0 || this.#claimMade >= 0 || this.claim?.status === 'invisible';
    this.#profileSent = this.#profile;
    const closed = this.#isGraceSpent(now) ? -1 : this.#closed;
    this.#closedSent = this.#closed;
    this.toldOpened = this.#opened;
    this.#claimSent = this.claim?.stamp ?? -1;
    const isHidden = this.claim?.status === 'invisible';
    this.#hidingSent = isHidden ? (this.claim?.stamp ?? -1) : -1;
    return {
      ...this.ref,
      count: members.length,
      activeAgo: ago(this.activity.last),
      idle: this.activity.idle,
      ...(this.activity.openedIdle && { openedIdle: true }),
      ...(members.length === 0 && this.#isRevoked && { isRevoked: true }),
      openedAgo: ago(this.#opened),
      closedAgo: ago(closed),
      graceMs: this.#graceMs,
      devices: deviceList(devices),
      ...(idleDevices > 0 && { idleDevices: deviceList(idleDevices) }),
      iat: Math.max(name?.iat ?? 0, groups?.iat ?? 0),
      ...(this.observers.length > 0 && { watchedAgo: ago(newestOpeningOf(this.observers)) }),
      ...(connections.length > 0 && { oldestIat: oldestIatOf(connections) }),
      ...(isProfileDue && name && { name: name.value, nameIat: name.iat }),
      ...(isProfileDue && groups && { groups: groups.value, groupsIat: groups.iat }),
      ...(this.claim && isOwnWord && { claim: this.claim }),
      ...(this.note && this.#opened >= 0 && { note: this.note }),
      ...(this.stays && { places: this.stays.reports(now, this.#isDoubted, isHidden) }),
      // For a hidden user the store is sent nothing that others see: what it lost of that stays lost, as for a user
      // who left.
      ...(!isHidden &&
        known &&
        known.ver > 0 && { known, ...(this.view === undefined && { asks: true as const }) }),
    };
  }

  /**
   * The store knows the close, and its grace is over: sent again, it would become the reason for the next transition.
   */
  #isGraceSpent(now: number): boolean {
    return this.#closedStored === this.#closed && now >= this.#closed + this.#graceMs;
  }

  /** Newest opening of open and closed connections: it ends the graces that began before it. */
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

  readonly #isDoubted = (member: Member): boolean => this.#doubted?.has(member) === true;

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
