import type {
  Client,
  ClientEvents,
  Connection,
  CountOf,
  CountView,
  Entered,
  MembersOf,
  MembersView,
  Note,
  NotKnown,
  OwnClaim,
  PlaceData,
  PlaceMember,
  PlaceView,
  Presence,
  Self,
  Target,
  Topic,
  Typing,
  TypingTarget,
  View,
  Watch,
} from '../../src/types.ts';

const UNWATCHED: NotKnown = Object.freeze({ known: false, why: 'unwatched' });
const CONNECTED: Connection = { state: 'connected', degraded: false, user: 'me', tenant: 't' };
const NONE: readonly string[] = Object.freeze([]);

/** A client without a service: tests say what it knows, and see what it was asked. */
export class StubClient implements Client {
  connection: Connection = { state: 'idle' };
  self: Self | undefined;
  /** Every call that changes something, in order. */
  readonly calls: string[] = [];
  /** What is watched, with how many hold it. */
  readonly watches: Map<string, number> = new Map();
  readonly subscriptions: Map<string, Set<() => void>> = new Map();
  /** Outcome of what the person sets. */
  outcome: Promise<void> = Promise.resolve();
  time: number = Date.parse('2026-11-21T12:00:00.000Z');
  readonly #views = new Map<string, View>();
  readonly #members = new Map<string, MembersView>();
  readonly #places = new Map<string, PlaceView>();
  readonly #counts = new Map<string, CountView>();
  readonly #typing = new Map<string, readonly string[]>();
  readonly #viewListeners = new Set<(users: readonly string[]) => void>();

  // What tests say.

  shows(...presences: readonly (Pick<Presence, 'user'> & Partial<Presence>)[]): void {
    for (const { user, status = 'online', ver = 1, ...more } of presences)
      this.#views.set(
        user,
        Object.freeze({ known: true, stale: false, presence: { user, status, ver, ...more } }),
      );
    this.#viewsChanged(presences.map(({ user }) => user));
  }
  turnsStale(stale = true): void {
    for (const [user, view] of this.#views)
      if (view.known) this.#views.set(user, Object.freeze({ ...view, stale }));
    this.#viewsChanged([...this.#views.keys()]);
  }
  refuses(user: string): void {
    this.#views.set(user, { known: false, why: 'forbidden' });
    this.#viewsChanged([user]);
  }
  hasMembers(of: MembersOf, users: readonly string[]): void {
    this.#members.set(JSON.stringify(of), Object.freeze({ known: true, stale: false, users }));
    this.#changed({ members: of });
  }
  hasInPlace(place: string, members: readonly PlaceMember[], total: number = members.length): void {
    const truncated = total > members.length;
    this.#places.set(place, Object.freeze({ known: true, stale: false, members, total, truncated }));
    this.#changed({ place });
  }
  counts(of: CountOf, numbers: Record<string, number>): void {
    this.#counts.set(JSON.stringify(of), Object.freeze({ known: true, stale: false, numbers }));
    this.#changed({ count: of });
  }
  types(target: TypingTarget, users: readonly string[]): void {
    this.#typing.set(JSON.stringify(target), users);
    this.#changed({ typing: target });
  }
  is(connection: Connection): void {
    this.connection = connection;
    this.#changed('connection');
  }
  isSelf(self: Self): void {
    this.self = self;
    this.#changed('self');
  }

  // What a client does.

  connect(): void {
    this.calls.push('connect');
    this.is(CONNECTED);
  }
  close(): void {
    this.calls.push('close');
    this.is({ state: 'stopped', reason: 'closed' });
  }
  async leave(): Promise<void> {
    this.calls.push('leave');
  }
  reset(): void {
    this.calls.push('reset');
  }
  watch(target: Target): Watch {
    const key = JSON.stringify(target);
    this.watches.set(key, (this.watches.get(key) ?? 0) + 1);
    let open = true;
    const close = (): void => {
      if (!open) throw new Error('closed twice');
      open = false;
      this.watches.set(key, (this.watches.get(key) ?? 0) - 1);
      if (this.watches.get(key) === 0) this.watches.delete(key);
    };
    return { ready: Promise.resolve(), close, [Symbol.dispose]: close };
  }
  view(user: string): View {
    return this.#views.get(user) ?? UNWATCHED;
  }
  members(of: MembersOf): MembersView {
    return this.#members.get(JSON.stringify(of)) ?? UNWATCHED;
  }
  place(place: string): PlaceView {
    return this.#places.get(place) ?? UNWATCHED;
  }
  count(of: CountOf): CountView {
    return this.#counts.get(JSON.stringify(of)) ?? UNWATCHED;
  }
  typingIn(target: TypingTarget): readonly string[] {
    return this.#typing.get(JSON.stringify(target)) ?? NONE;
  }
  subscribe(topic: Topic, listener: () => void): () => void {
    const key = JSON.stringify(topic);
    const listeners = this.subscriptions.get(key) ?? new Set();
    this.subscriptions.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.subscriptions.delete(key);
    };
  }
  on<Event extends keyof ClientEvents>(
    event: Event,
    listener: (what: ClientEvents[Event]) => void,
  ): () => void {
    if (event !== 'views') return () => {};
    const heard = listener as (users: readonly string[]) => void;
    this.#viewListeners.add(heard);
    return () => this.#viewListeners.delete(heard);
  }
  enter(place: string, data?: PlaceData): Entered {
    const said = (what: string, shown?: PlaceData): void => {
      this.calls.push(`${what} ${place}${shown ? ` ${JSON.stringify(shown)}` : ''}`);
    };
    said('enter', data);
    const leave = async (): Promise<void> => said('leave');
    return {
      ready: Promise.resolve(),
      update: async (next) => said('update', next),
      leave,
      [Symbol.dispose]: () => void leave(),
    };
  }
  setStatus(claim: OwnClaim | null): Promise<void> {
    this.calls.push(`status ${JSON.stringify(claim)}`);
    return this.outcome;
  }
  setNote(note: Note | null): Promise<void> {
    this.calls.push(`note ${JSON.stringify(note)}`);
    return this.outcome;
  }
  active(): void {}
  idle(): void {}
  typing(target: TypingTarget): Typing {
    const key = JSON.stringify(target);
    return {
      input: () => this.calls.push(`typing ${key}`),
      stop: () => this.calls.push(`typed ${key}`),
      clear: () => {},
    };
  }
  now(): number {
    return this.time;
  }

  #changed(topic: Topic): void {
    for (const listener of [...(this.subscriptions.get(JSON.stringify(topic)) ?? [])]) listener();
  }
  #viewsChanged(users: readonly string[]): void {
    for (const user of users) this.#changed({ user });
    for (const listener of this.#viewListeners) listener(users);
  }
}
