import type { DayMs } from '../domain/clock.ts';
import {
  type Device,
  type Note,
  type OwnGroups,
  type Transition,
  type UserKey,
  type UserRef,
  userKey,
  type View,
} from '../domain/model.ts';
import { sameGroups, type TokenProfile } from '../domain/profile.ts';
import type { Command } from '../events/feed.ts';
import type { ClaimRequest, NoteRequest } from '../store/port/people.ts';
import type { SelfView } from '../store/port/views.ts';
import type { NodeContext } from './context.ts';
import { Holding } from './holding.ts';
import { inTurns } from './in-turns.ts';
import type { Hiding, Leaving, Member, Membership, UserConnection } from './membership.ts';
import { PlaceRoster } from './place-roster.ts';
import type { RosterOptions } from './roster-options.ts';
import { inForce, selfViewOf, tellSelf } from './self-view.ts';
import { StoredWaits } from './stored-waits.ts';
import { recordOnline } from './vitals.ts';

/** The users connected to this node, and those that may still have to be reported to the store. Plain memory. */
export class Roster implements Membership {
  readonly #context: NodeContext;
  readonly #options: RosterOptions;
  readonly #holdings = new Map<UserKey, Holding>();
  /** Users without a connection, kept so that their grace survives a loss of the store's data. */
  readonly #lingering = new Set<Holding>();
  /** Users whose connections here only watch. */
  readonly #observed = new Set<Holding>();
  /** Users who turn idle by time alone, because their connections here inherited an activity from others. */
  readonly #following = new Set<Holding>();
  readonly #waits: StoredWaits;
  readonly places: PlaceRoster;

  constructor(context: NodeContext, options: RosterOptions) {
    this.#context = context;
    this.#options = options;
    this.#waits = new StoredWaits(context.now, options.commandTimeoutMs);
    this.places = new PlaceRoster(context, {
      ...options,
      holdingOf: (ref) => this.#holdings.get(userKey(ref)),
    });
  }

  get users(): number {
    return this.#holdings.size - this.#lingering.size - this.#observed.size;
  }

  join(member: Member): Promise<SelfView | undefined> {
    const { idleAwayMs, graceMs } = this.#options;
    const holding = this.#hold(member.ref);
    // The nodes that held them may not be reachable when the store loses this user.
    if (!holding.view) holding.heard = this.#options.knownViews.newest(member.ref);
    this.#lingering.delete(holding);
    this.#observed.delete(holding);
    const known = holding.own;
    holding.add(member, this.#context.now(), idleAwayMs, graceMs);
    this.#introduce(holding, member, known);
    this.#follow(holding);
    this.#count();
    return this.#whenStored(holding, () => this.#viewed(holding));
  }

  observe(observer: UserConnection): Promise<OwnGroups | undefined> {
    const holding = this.#hold(observer.ref);
    if (holding.members.length === 0 && !this.#lingering.has(holding)) this.#observed.add(holding);
    const known = holding.own;
    holding.observe(observer);
    this.#introduce(holding, observer, known);
    return this.#whenStored(holding, () => holding.own);
  }

  unobserve(observer: UserConnection): void {
    const holding = this.#holdings.get(userKey(observer.ref));
    holding?.unobserve(observer);
    if (!holding || holding.observers.length > 0 || !this.#observed.has(holding)) return;
    // No connection is left to carry what was not sent yet.
    this.#options.flusher.unmark(holding);
    this.#expire(holding);
  }

  leave(member: Member, how: Leaving): void {
    const { graceMs, drainGraceMs, flusher } = this.#options;
    const { now } = this.#context;
    const holding = this.#holdings.get(userKey(member.ref));
    if (!holding?.remove(member, how, now(), how === 'drain' ? drainGraceMs : graceMs)) return;
    const isGone = holding.members.length === 0;
    if (isGone && !holding.sent && holding.claim === undefined) {
      // The store never knew this connection, so there is nothing to take back.
      flusher.unmark(holding);
      this.#drop(holding);
      return;
    }
    if (isGone) {
      this.#linger(holding);
      this.#following.delete(holding);
    }
    this.#count();
    this.places.report(holding);
    flusher.mark(holding);
  }

  renewed(connection: UserConnection): void {
    const holding = this.#holdings.get(userKey(connection.ref));
    if (!holding) return;
    this.#hear(holding, connection.principal);
    this.#options.flusher.mark(holding);
  }

  touched(member: Member): void {
    const holding = this.#holdings.get(userKey(member.ref));
    if (!holding) return;
    const { activity, members } = holding;
    const hadSpoken = activity.last >= 0;
    const hasTurned = activity.look(members, this.#context.now());
    const isFirstWord = !hadSpoken && activity.last >= 0 && activity.tookOver;
    if (hasTurned || isFirstWord) this.#options.flusher.mark(holding);
  }

  claim(ref: UserRef, claim: ClaimRequest): Promise<void> {
    const holding = this.#hold(ref);
    if (holding.members.length === 0) this.#linger(holding);
    const order = this.#context.partitions.order(holding.partition);
    holding.make({ ...claim, stamp: Math.max(order, (holding.claim?.stamp ?? 0) + 1) });
    this.#options.flusher.mark(holding);
    return this.#waits.claim(holding);
  }

  /** The store gives the stamp, because a service may set it as well. */
  async note(ref: UserRef, note: NoteRequest): Promise<void> {
    const self = await this.#options.people.note(ref, note);
    const holding = this.#holdings.get(userKey(ref));
    if (holding && self.note) this.#takeNote(holding, self.note);
  }

  selfOf(ref: UserRef): SelfView | undefined {
    const holding = this.#holdings.get(userKey(ref));
    return holding !== undefined && !this.#options.health.degraded ? this.#viewed(holding) : undefined;
  }

  membersOf(ref: UserRef): readonly Member[] {
    return this.#holdings.get(userKey(ref))?.members ?? [];
  }

  hiding(ref: UserRef): Hiding {
    const holding = this.#holdings.get(userKey(ref));
    if (holding === undefined) return 'unknown';
    if (inForce(holding, this.#today(holding)).claim?.status === 'invisible') return 'hidden';
    // Their own claim shows only once it is stored, and what time has ended only once the store has evaluated it.
    const isSeen = holding.view !== undefined && holding.view.status !== 'offline';
    return holding.isAnswered && isSeen ? 'visible' : 'unknown';
  }

  /** The store has this node's report about a user. */
  stored(holding: Holding, self: SelfView | undefined, tookOver: boolean): void {
    holding.stored();
    holding.activity.stored(tookOver);
    // Activity was reported while the batch was in flight: the store would continue to watch what it takes as
    // inherited.
    if (tookOver && holding.activity.last >= 0) this.#options.flusher.mark(holding);
    if (self && self.view.ver >= (holding.view?.ver ?? 0)) this.#learn(holding, self.view);
    if (self?.claim) holding.takeClaim(self.claim);
    if (self?.note) holding.takeNote(self.note);
    this.#tellSelf(holding);
    if (self?.own) this.#takeGroups(holding, self.own);
    if (holding.members.length === 0) this.#expire(holding);
  }

  /** A transition of any user: holdings here keep the newest view, which restores a lost row. */
  transition(transition: Transition): void {
    const holding = this.#holdings.get(userKey(transition));
    if (!holding?.view || transition.ver <= holding.view.ver) return;
    const { tenant: _, previous: __, reason: ___, ...view } = transition;
    this.#learn(holding, view);
  }

  command(command: Command): void {
    const isOwn = command.type === 'claim' || command.type === 'note' || command.type === 'own';
    if (!isOwn && command.type !== 'groups') return;
    const holding = this.#holdings.get(userKey(command.ref));
    if (!holding) return;
    if (command.type === 'claim') {
      holding.takeClaim(command.claim);
      this.#tellSelf(holding);
    }
    if (command.type === 'note') this.#takeNote(holding, command.note);
    if (command.type === 'own') this.#takeGroups(holding, command.own);
    if (command.type === 'groups') this.#learn(holding, command.view);
  }

  /**
   * What was alive of a user, or of one kind of device of theirs, was ended. Connections left here are reported again:
   * the store decides whether they are meant.
   */
  ended(ref: UserRef, device?: Device): void {
    const holding = this.#holdings.get(userKey(ref));
    if (!holding) return;
    if (holding.members.length + holding.observers.length > 0) this.#options.flusher.mark(holding);
    if (holding.members.length > 0) return;
    holding.endGrace(device);
    this.#expire(holding);
  }

  /** The user was forgotten: nothing that this node knew of them may come back. */
  forget(ref: UserRef): void {
    this.#holdings.get(userKey(ref))?.forget();
    this.ended(ref);
  }

  /**
   * Tokens of the user are refused. The connections left here have to be reported again. @param at - s, see
   * `Revocation`.
   */
  refused(ref: UserRef, at: number): void {
    const holding = this.#holdings.get(userKey(ref));
    if (!holding) return;
    holding.unsay(at);
    this.#options.flusher.mark(holding);
  }

  /** Every user held in a partition has to be reported again. */
  reassert(partition: number): void {
    for (const holding of this.#holdings.values()) {
      if (holding.partition !== partition) continue;
      holding.reassert();
      this.#options.flusher.mark(holding);
    }
  }

  /**
   * As {@link reassert}, after this node was fenced: it may have slept, and sockets whose clients left meanwhile
   * still look open. Each is probed and counts again when it answers; one that does not answer stays gone.
   */
  rejoin(partition: number): void {
    const asked: (() => void)[] = [];
    for (const holding of this.#holdings.values()) {
      if (holding.partition !== partition) continue;
      holding.reassert();
      if (holding.members.length === 0) this.#options.flusher.mark(holding);
      for (const member of holding.doubt()) asked.push(() => this.#ask(holding, member));
    }
    inTurns(asked);
  }

  /** The users that the store lists for this node: those without a connection have to be removed. */
  takeBack(listed: readonly UserRef[]): void {
    for (const ref of listed) {
      const holding = this.#hold(ref);
      holding.sent = true;
      if (holding.members.length > 0) continue;
      this.#linger(holding);
      this.#options.flusher.mark(holding);
    }
  }

  /** Applies what time alone changes: ends of graces and of activity, and the counts. Called with every heartbeat. */
  tend(): void {
    for (const holding of this.#lingering) this.#expire(holding);
    for (const holding of this.#following) this.#follow(holding);
    const counts = { online: 0, away: 0, busy: 0, offline: 0 };
    for (const holding of this.#holdings.values()) {
      const { members, view, claim, note } = holding;
      // An end that others are shown nothing of.
      if (claim?.until !== undefined || note?.until !== undefined) this.#tellSelf(holding);
      if (members.length > 0 && view) counts[view.status] += 1;
    }
    this.places.tend();
    recordOnline(this.#context.metrics, counts);
  }

  stop(): void {
    this.#waits.stop();
    this.places.stop();
  }

  #ask(holding: Holding, member: Member): void {
    member.probe(() => {
      if (holding.believe(member)) this.#options.flusher.mark(holding);
    });
  }

  /** A new connection may bring newer groups of its user, or receive them. */
  #introduce(holding: Holding, connection: UserConnection, known: OwnGroups | undefined): void {
    const { own } = holding;
    if (known !== undefined && !sameGroups(own?.groups, known.groups)) this.#tellGroups(holding);
    else if (own !== undefined && !sameGroups(own.groups, connection.principal.groups))
      connection.regrouped(own);
    this.#options.flusher.mark(holding);
  }

  /** A sign-in does not wait for a store that does not answer. */
  #whenStored<T>(holding: Holding, answer: () => T | undefined): Promise<T | undefined> {
    return this.#options.health.degraded ? Promise.resolve(undefined) : this.#waits.welcome(holding, answer);
  }

  #linger(holding: Holding): void {
    this.#lingering.add(holding);
    this.#observed.delete(holding);
  }

  #learn(holding: Holding, view: View): void {
    // For a user who only watches here, nothing that others see is sent again: it is lost with the store, as for any
    // user who left.
    if (this.#observed.has(holding)) return;
    if (view.ver >= (holding.view?.ver ?? 0)) holding.view = view;
    this.#tellSelf(holding);
  }

  #takeNote(holding: Holding, note: Note): void {
    holding.takeNote(note);
    this.#tellSelf(holding);
  }

  #tellSelf(holding: Holding): void {
    tellSelf(holding, this.#today(holding));
  }

  #hold(ref: UserRef): Holding {
    const key = userKey(ref);
    let holding = this.#holdings.get(key);
    if (!holding) {
      holding = new Holding(key, ref, this.#context.partitions.of(ref));
      this.#holdings.set(key, holding);
    }
    return holding;
  }

  /** The store sent the person's own groups. */
  #takeGroups(holding: Holding, own: OwnGroups): void {
    if (holding.adopt(own)) this.#tellGroups(holding);
  }

  /** What a connection's token says counts for all connections of the person. */
  #hear(holding: Holding, profile: Partial<TokenProfile>): void {
    const known = holding.own;
    holding.learn(profile);
    if (!sameGroups(holding.own?.groups, known?.groups)) this.#tellGroups(holding);
  }

  #tellGroups({ own, members, observers }: Holding): void {
    if (own) for (const connection of [...members, ...observers]) connection.regrouped(own);
  }

  #viewed(holding: Holding): SelfView | undefined {
    return selfViewOf(holding, this.#today(holding));
  }

  #today({ partition }: Holding): DayMs {
    return this.#context.partitions.timeOfDay(partition);
  }

  /** Checks a user who may turn idle without any report. */
  #follow(holding: Holding): void {
    const { now } = this.#context;
    const { activity, members } = holding;
    if (activity.look(members, now())) this.#options.flusher.mark(holding);
    if (activity.takenUntil > now() && Number.isFinite(activity.takenUntil)) this.#following.add(holding);
    else this.#following.delete(holding);
  }

  #expire(holding: Holding): void {
    const { now, ttlMs } = this.#context;
    if (this.#options.flusher.isPending(holding) || holding.keepUntil(ttlMs) > now()) return;
    if (!this.#observed.has(holding) || holding.observers.length === 0) this.#drop(holding);
  }

  #drop(holding: Holding): void {
    this.#lingering.delete(holding);
    this.#following.delete(holding);
    this.#observed.delete(holding);
    this.#holdings.delete(holding.key);
    if (holding.observers.length > 0) this.#keepObservers(holding.withoutPresence());
    this.#count();
  }

  #keepObservers(rest: Holding): void {
    this.#holdings.set(rest.key, rest);
    this.#observed.add(rest);
    if (rest.isDue) this.#options.flusher.mark(rest);
  }

  #count(): void {
    this.#context.metrics.users.set(this.users);
  }
}
