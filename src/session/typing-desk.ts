import type { Principal } from '../auth/principal.ts';
import type { Settings } from '../config/settings.ts';
import { type UserKey, type UserRef, userKey } from '../domain/model.ts';
import type { EventFeed, Signal } from '../events/feed.ts';
import type { Sink } from '../fanout/fanout.ts';
import { sharesGroup } from '../fanout/sight.ts';
import { typingFrame } from '../protocol/server-frames.ts';
import { mayWatchUsers } from './admission.ts';
import type { TimerWheel, WheelItem } from './timer-wheel.ts';

/** Typing ends by itself after this long. */
const LIFETIME_MS = 6000;
/** Typing that is remembered at once; beyond, its end is left to the clients. */
const MAX_RUNNING = 100_000;
/** Who does not read is not told: it would be over by then. */
const UNREAD_LIMIT = 16_384;

/** A connection that may hear of typing. */
export interface Listener extends Sink {
  readonly ref: UserRef;
  readonly principal: Principal;
  readonly groups: readonly string[];
  /** It was welcomed, and its end is not decided. */
  readonly open: boolean;
}

interface DeskOptions {
  /** All connections of a user on this node. */
  readonly connectionsOf: (ref: UserRef) => readonly Listener[];
  readonly settings: Pick<Settings, 'watchPolicy'>;
  readonly feed: Pick<EventFeed, 'subscribe'>;
  readonly wheel: Pick<TimerWheel, 'schedule' | 'cancel' | 'now'>;
}

/** One person typing to one place. */
class Running implements WheelItem {
  slot = 0;
  readonly signal: Signal;
  endsAt = 0;
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

const keyOf = ({ tenant, from, to }: Signal): string =>
  'user' in to ? `${tenant}:u:${from}\n${to.user}` : `${tenant}:g:${from}\n${to.group}`;

/** Passes typing on to the connections of this node: to a user's own, or to those of a group's members. */
export class TypingDesk {
  readonly #options: DeskOptions;
  /** By tenant and group. */
  readonly #byGroup = new Map<UserKey, Set<Listener>>();
  readonly #groupsOf = new Map<Listener, readonly string[]>();
  readonly #running = new Map<string, Running>();
  readonly #byTyper = new Map<UserKey, Set<Running>>();
  #unsubscribe: (() => void) | undefined;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  start(): void {
    this.#unsubscribe ??= this.#options.feed.subscribe({
      signal: (signal) => this.#signal(signal),
      transition: ({ transition }) => {
        if (transition.status === 'offline') this.#stopAll(userKey(transition));
      },
      command: (command) => {
        if (command.type === 'forget') this.#stopAll(userKey(command.ref));
      },
    });
  }

  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    for (const running of this.#running.values()) this.#options.wheel.cancel(running);
    this.#running.clear();
    this.#byTyper.clear();
  }

  /** A connection is there, or its token or groups changed: what it may hear follows from them. */
  hears(listener: Listener): void {
    this.leave(listener);
    const { groups, principal } = listener;
    // A service of all tenants is no member of anything here: nobody types to it.
    if (groups.length === 0 || principal.service !== undefined || !mayWatchUsers(principal)) return;
    this.#groupsOf.set(listener, groups);
    const { tenant } = listener.ref;
    for (const group of groups) add(this.#byGroup, userKey({ tenant, user: group }), listener);
  }

  leave(listener: Listener): void {
    const groups = this.#groupsOf.get(listener);
    if (groups === undefined) return;
    this.#groupsOf.delete(listener);
    const { tenant } = listener.ref;
    for (const group of groups) remove(this.#byGroup, userKey({ tenant, user: group }), listener);
  }

  #signal(signal: Signal): void {
    const audience = this.#audience(signal);
    const key = keyOf(signal);
    const running = this.#running.get(key);
    if (!signal.on) {
      if (running !== undefined) this.#end(running);
      else this.#tell(signal, audience);
      return;
    }
    if (audience.length === 0) return;
    this.#tell(signal, audience);
    this.#keep(key, running, signal);
  }

  #keep(key: string, known: Running | undefined, signal: Signal): void {
    const { wheel } = this.#options;
    if (known === undefined && this.#running.size >= MAX_RUNNING) return;
    const running = known ?? new Running(signal, (over) => this.#end(over));
    running.endsAt = wheel.now + LIFETIME_MS;
    if (known !== undefined) return;
    this.#running.set(key, running);
    add(this.#byTyper, userKey({ tenant: signal.tenant, user: signal.from }), running);
    wheel.schedule(running, running.endsAt);
  }

  #end(running: Running): void {
    const { signal } = running;
    if (!this.#running.delete(keyOf(signal))) return;
    this.#options.wheel.cancel(running);
    remove(this.#byTyper, userKey({ tenant: signal.tenant, user: signal.from }), running);
    const end = { ...signal, on: false };
    this.#tell(end, this.#audience(end));
  }

  #stopAll(typer: UserKey): void {
    for (const running of [...(this.#byTyper.get(typer) ?? [])]) this.#end(running);
  }

  #audience({ tenant, from, to, groups }: Signal): Listener[] {
    const { connectionsOf, settings } = this.#options;
    const listeners =
      'user' in to
        ? connectionsOf({ tenant, user: to.user })
        : [...(this.#byGroup.get(userKey({ tenant, user: to.group })) ?? [])];
    const isPrivate = 'user' in to && settings.watchPolicy === 'groups';
    return listeners.filter(
      (listener) =>
        listener.open &&
        listener.ref.user !== from &&
        mayWatchUsers(listener.principal) &&
        (!isPrivate || sharesGroup(listener.groups, groups)),
    );
  }

  #tell({ from, to, on }: Signal, audience: readonly Listener[]): void {
    if (audience.length === 0) return;
    const frame = Buffer.from(typingFrame(from, 'group' in to ? to.group : undefined, on));
    for (const listener of audience) if (listener.buffered <= UNREAD_LIMIT) listener.send(frame);
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
