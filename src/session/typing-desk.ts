import type { Settings } from '../config/settings.ts';
import { type UserKey, type UserRef, userKey } from '../domain/model.ts';
import type { EventFeed, TypingSignal as Signal } from '../events/feed.ts';
import type { FairTurns, Work } from '../fanout/fair-turns.ts';
import { sharesGroup } from '../fanout/visibility.ts';
import { typingFrame } from '../protocol/server-frames.ts';
import { RateLimiter } from '../time/rate-limiter.ts';
import { RecentlyUsed } from '../time/recently-used.ts';
import type { TimerWheel, WheelItem } from '../time/timer-wheel.ts';
import { mayWatchTenant, mayWatchUsers } from './admission.ts';
import { Hearings } from './hearing.ts';
import type { Listener } from './listener.ts';
import { PlaceListeners } from './place-listeners.ts';
import { REPEAT_MS, TYPING_BURST, TYPING_RATE, type Typists, targetKey } from './typing.ts';

/** Typing ends by itself after this long. */
const LIFETIME_MS = 6000;
/** Typing that is remembered at once; beyond, its end is left to the clients. */
const MAX_RUNNING = 100_000;
/** A word that was not sent by then is over. */
const STALE_MS = 1000;
/** Receivers who are served in one go. */
const PIECE = 50;
/** People whose words are counted. Beyond, who typed longest ago has a budget like new. */
const MAX_TYPISTS = 100_000;

interface DeskOptions {
  /** All connections of a user on this node. */
  readonly connectionsOf: (ref: UserRef) => readonly Listener[];
  /** Those who type here. */
  readonly typists: Pick<Typists, 'stop'>;
  readonly settings: Pick<Settings, 'watchPolicy'>;
  readonly feed: Pick<EventFeed, 'subscribe'>;
  readonly wheel: Pick<TimerWheel, 'schedule' | 'cancel' | 'now'>;
  readonly turns: Pick<FairTurns, 'add'>;
}

/** One person typing to one place. */
class Running implements WheelItem {
  slot = 0;
  readonly signal: Signal;
  endsAt = 0;
  toldAt = 0;
  readonly #over: (running: Running) => void;

  constructor(signal: Signal, over: (running: Running) => void) {
    this.signal = signal;
    this.#over = over;
  }

  check(now: number): number | undefined {
    if (now < this.endsAt) return this.endsAt;
    this.#over(this);
    return undefined;
  }
}

/** A word of typing on its way to those who hear it: a few in each turn of the user who typed. */
class Telling implements Work {
  readonly signal: Signal;
  readonly person: UserKey;
  readonly since: number;
  audience: readonly Listener[] | undefined;
  frame: Buffer | undefined;
  told = 0;
  readonly #tell: (telling: Telling) => number;

  constructor(signal: Signal, since: number, tell: (telling: Telling) => number) {
    this.signal = signal;
    this.person = userKey({ tenant: signal.tenant, user: signal.from });
    this.since = since;
    this.#tell = tell;
  }

  run(): number {
    return this.#tell(this);
  }
}

const keyOf = ({ tenant, from, to }: Signal): string => `${tenant}:${from}\n${targetKey(to)}`;

const frameOf = ({ from, to, on }: Signal): Buffer => Buffer.from(typingFrame(from, to, on));

/** Passes typing on to the connections of this node: to a user's own, or to those of a group's members. */
export class TypingDesk {
  readonly #options: DeskOptions;
  /** By tenant and group. */
  readonly #byGroup = new Map<UserKey, Set<Listener>>();
  readonly #groupsOf = new Map<Listener, readonly string[]>();
  readonly #placeListeners = new PlaceListeners();
  readonly #running = new Map<string, Running>();
  readonly #byTyper = new Map<UserKey, Set<Running>>();
  /** How much each person may still have sent on, whichever nodes and connections it comes from. */
  readonly #budgets: RateLimiter;
  /** Until when nothing is sent of a person who left. A node that has not learned of it yet still passes on what they type there. */
  readonly #silent = new RecentlyUsed<{ until: number }>({ keepMs: LIFETIME_MS, max: MAX_TYPISTS });
  /** Of a person and target what began, until it was sent to all. */
  readonly #tellings = new Map<string, Telling>();
  readonly #hearings: Hearings<Listener>;
  #unsubscribe: (() => void) | undefined;

  constructor(options: DeskOptions) {
    this.#options = options;
    const { wheel, turns } = options;
    this.#budgets = new RateLimiter({
      rate: TYPING_RATE,
      burst: TYPING_BURST,
      maxKeys: MAX_TYPISTS,
      now: () => wheel.now,
    });
    this.#hearings = new Hearings({
      turns,
      now: () => wheel.now,
      schedule: (item, deadline) => wheel.schedule(item, deadline),
    });
  }

  start(): void {
    this.#unsubscribe ??= this.#options.feed.subscribe({
      signal: (signal) => {
        if (signal.type === 'silence') this.#leaves({ tenant: signal.tenant, user: signal.from });
        else this.#signal(signal);
      },
      transition: ({ transition }) => {
        if (transition.status === 'offline') this.#leaves(transition);
        else this.#isSeen(transition);
      },
      // Where they are shown no more, they do not type.
      place: ({ place: { change, tenant, user: from, place } }) => {
        if (change === 'left') this.#leavesPlace(`${tenant}:${from}\n${targetKey({ place })}`);
      },
      command: (command) => {
        if (command.type === 'forget') this.#stopAll(command.ref);
      },
    });
  }

  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    for (const running of this.#running.values()) this.#options.wheel.cancel(running);
    this.#running.clear();
    this.#byTyper.clear();
    this.#options.wheel.cancel(this.#hearings);
    this.#hearings.clear();
    this.#tellings.clear();
  }

  /** A connection is there, or its token or groups changed: what it may hear follows from them. */
  hears(listener: Listener): void {
    this.#unlist(listener);
    const { identity } = listener;
    const { groups, principal } = identity;
    // A service of all tenants is no member of anything here, and no person types to it.
    if (groups.length === 0 || principal.service !== undefined || !mayWatchUsers(principal)) return;
    this.#groupsOf.set(listener, groups);
    const { tenant } = identity.ref;
    for (const group of groups) add(this.#byGroup, userKey({ tenant, user: group }), listener);
  }

  /** The places that a connection watches have changed: in these it receives who types. */
  hearsIn(listener: Listener): void {
    this.#placeListeners.update(listener);
  }

  /** A connection has ended. */
  leave(listener: Listener): void {
    this.#placeListeners.delete(listener);
    this.#unlist(listener);
    this.#hearings.leave(listener);
  }

  #unlist(listener: Listener): void {
    const groups = this.#groupsOf.get(listener);
    if (groups === undefined) return;
    this.#groupsOf.delete(listener);
    const { tenant } = listener.identity.ref;
    for (const group of groups) remove(this.#byGroup, userKey({ tenant, user: group }), listener);
  }

  #signal(signal: Signal): void {
    const key = keyOf(signal);
    const running = this.#running.get(key);
    const { now } = this.#options.wheel;
    if (!signal.on) {
      if (running !== undefined) this.#end(running);
      // That it began was sent to no receiver.
      else if (this.#isUntoldBeginning(key)) this.#tellings.delete(key);
      // What was not remembered may have been sent all the same.
      else if (this.#running.size >= MAX_RUNNING) this.#tell(signal);
      return;
    }
    if (running !== undefined) running.endsAt = now + LIFETIME_MS;
    // Before anybody is looked for: a person with a hundred connections makes no more work than one with one.
    if (running !== undefined && now - running.toldAt < REPEAT_MS) return;
    if (this.#isGone(signal, now) || !this.#mayBeTold(signal)) return;
    this.#tell(signal);
  }

  #isUntoldBeginning(key: string): boolean {
    const telling = this.#tellings.get(key);
    return telling?.signal.on === true && telling.audience === undefined;
  }

  /** The end of what was sent costs nothing: there are no more ends than beginnings. */
  #mayBeTold({ tenant, from }: Signal): boolean {
    return this.#budgets.take(userKey({ tenant, user: from })) === 0;
  }

  #keep(key: string, known: Running | undefined, signal: Signal): void {
    const { wheel } = this.#options;
    if (known === undefined && this.#running.size >= MAX_RUNNING) return;
    const running = known ?? new Running(signal, (over) => this.#end(over));
    running.endsAt = wheel.now + LIFETIME_MS;
    running.toldAt = wheel.now;
    const typer = userKey({ tenant: signal.tenant, user: signal.from });
    // In the order in which it was said, as a connection that ends says the ends.
    remove(this.#byTyper, typer, running);
    add(this.#byTyper, typer, running);
    if (known !== undefined) return;
    this.#running.set(key, running);
    wheel.schedule(running, running.endsAt);
  }

  /** @param isLeaving - the typist is about to be seen going. */
  #end(running: Running, isLeaving = false): void {
    const { signal } = running;
    if (!this.#running.delete(keyOf(signal))) return;
    this.#options.wheel.cancel(running);
    remove(this.#byTyper, userKey({ tenant: signal.tenant, user: signal.from }), running);
    const end = { ...signal, on: false };
    if (isLeaving) this.#tellEndNow(end);
    else this.#tell(end);
  }

  /** A person hides, or others see them go. */
  #leaves({ tenant, user }: UserRef): void {
    const { now } = this.#options.wheel;
    this.#silent.use(userKey({ tenant, user }), now, () => ({ until: 0 })).until = now + LIFETIME_MS;
    this.#stopAll({ tenant, user });
  }

  #leavesPlace(key: string): void {
    const telling = this.#tellings.get(key);
    if (telling?.signal.on === true) this.#tellings.delete(key);
    else if (telling !== undefined) this.#tellEndNow(telling.signal);
    const running = this.#running.get(key);
    if (running !== undefined) this.#end(running, true);
  }

  #isSeen({ tenant, user }: UserRef): void {
    const silent = this.#silent.peek(userKey({ tenant, user }));
    if (silent !== undefined) silent.until = 0;
  }

  #isGone({ tenant, from }: Signal, now: number): boolean {
    return (this.#silent.peek(userKey({ tenant, user: from }))?.until ?? 0) > now;
  }

  #stopAll({ tenant, user }: UserRef): void {
    const typer = { tenant, user };
    const { typists } = this.#options;
    typists.stop(typer);
    // What is still to be sent of them would show typing of a person who is not there.
    const gone = userKey(typer);
    for (const [key, { person, signal }] of [...this.#tellings]) {
      if (person !== gone) continue;
      this.#tellings.delete(key);
      if (!signal.on) this.#tellEndNow(signal);
    }
    for (const running of [...(this.#byTyper.get(gone) ?? [])]) this.#end(running, true);
  }

  #audience({ tenant, from, to, groups }: Signal): Listener[] {
    const { connectionsOf, settings } = this.#options;
    const listeners = 'user' in to ? connectionsOf({ tenant, user: to.user }) : this.#membersOf(tenant, to);
    const isPrivate = !('group' in to) && settings.watchPolicy === 'groups';
    const isOpen = ({ identity }: Listener): boolean => 'place' in to && mayWatchTenant(identity.principal);
    return listeners.filter(
      (listener) =>
        listener.open &&
        listener.identity.ref.user !== from &&
        mayWatchUsers(listener.identity.principal) &&
        (!isPrivate || isOpen(listener) || sharesGroup(listener.identity.groups, groups)),
    );
  }

  #membersOf(tenant: string, to: { readonly group: string } | { readonly place: string }): Listener[] {
    return 'group' in to
      ? [...(this.#byGroup.get(userKey({ tenant, user: to.group })) ?? [])]
      : this.#placeListeners.of(tenant, to.place);
  }

  #tell(signal: Signal): void {
    // An end that still waits would be lost if this beginning were taken back before its own turn.
    const waiting = this.#tellings.get(keyOf(signal));
    if (signal.on && waiting?.signal.on === false) this.#tellEndNow(waiting.signal);
    const telling = new Telling(signal, this.#options.wheel.now, (one) => this.#tellSome(one));
    this.#tellings.set(keyOf(signal), telling);
    this.#options.turns.add(telling);
  }

  /** Not in turns: it must not come after the presence frame that shows the typist as gone. */
  #tellEndNow(signal: Signal): void {
    const key = keyOf(signal);
    this.#tellings.delete(key);
    const frame = frameOf(signal);
    for (const listener of this.#audience(signal)) this.#hearings.tell(listener, key, frame);
  }

  /** @returns what it cost. */
  #tellSome(telling: Telling): number {
    const { signal } = telling;
    const key = keyOf(signal);
    // A newer word has taken its place.
    if (this.#tellings.get(key) !== telling) return 0;
    const { now } = this.#options.wheel;
    const audience = telling.audience ?? this.#audience(signal);
    // A receiver that was sent a beginning is sent its end, however late.
    if ((signal.on && now - telling.since > STALE_MS) || audience.length === 0) {
      this.#tellings.delete(key);
      return 1;
    }
    if (signal.on && telling.audience === undefined) this.#keep(key, this.#running.get(key), signal);
    telling.audience = audience;
    telling.frame ??= frameOf(signal);
    const some = audience.slice(telling.told, telling.told + PIECE);
    for (const listener of some) this.#hearings.tell(listener, key, telling.frame);
    telling.told += some.length;
    if (telling.told < audience.length) this.#options.turns.add(telling);
    else this.#tellings.delete(key);
    // An end was paid for with its beginning.
    return signal.on ? 1 + 2 * some.length : 1;
  }
}

const add = <T>(map: Map<UserKey, Set<T>>, key: UserKey, item: T): void => {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([item]));
  else set.add(item);
};

const remove = <T>(map: Map<UserKey, Set<T>>, key: UserKey, item: T): void => {
  const set = map.get(key);
  if (set?.delete(item) === true && set.size === 0) map.delete(key);
};
