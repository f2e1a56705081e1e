import { createClient } from '../create-client.ts';
import type { Note, Presence, Self, Status } from '../protocol/frames.ts';
import type { Client, Options, OwnClaim, PlaceData, PlaceMember, WebSocketClass } from '../types.ts';
import { type FakeService, FakeSession } from './fake-session.ts';
import { FakeSocket } from './fake-socket.ts';
import { FakeStore } from './fake-store.ts';

export interface FakeOptions {
  /** Life of the tokens it gives, ms. Default one hour. */
  readonly tokenLifeMs?: number;
}

const TOKEN = 'fake.';

/** A service in this process. Its clients are real ones, on connections that are not. */
export class Fake implements FakeService {
  readonly options: Required<FakeOptions>;
  /** `u:`, `g:`, `t:` or `p:` and an id, of what nobody may watch. */
  readonly forbidden: Set<string> = new Set();
  readonly #store = new FakeStore();
  readonly #sessions = new Set<FakeSession>();
  /** Users who are there without a client of this fake. */
  readonly #present = new Set<string>();
  #isUp = true;

  constructor({ tokenLifeMs = 3_600_000 }: FakeOptions = {}) {
    this.options = { tokenLifeMs };
  }

  /** A client of a person. It is not connected yet. */
  client(user: string, options: Partial<Options> = {}): Client {
    return createClient({
      url: 'ws://fake',
      getToken: () => TOKEN + encodeURIComponent(user),
      WebSocket: this.WebSocket,
      ...options,
    });
  }

  /** For clients that are made elsewhere, with tokens of {@link token}. */
  get WebSocket(): WebSocketClass {
    const accept = (protocols: readonly string[], socket: FakeSocket): FakeSession =>
      this.#accept(protocols, socket);
    return class extends FakeSocket {
      constructor(_url: string, protocols: string[]) {
        super((socket) => accept(protocols, socket));
      }
    };
  }

  token(user: string): string {
    return TOKEN + encodeURIComponent(user);
  }

  /** Whom a token is of; `undefined` when it is none. */
  userOf(token: string): string | undefined {
    return token.startsWith(TOKEN) ? decodeURIComponent(token.slice(TOKEN.length)) : undefined;
  }

  #accept(protocols: readonly string[], socket: FakeSocket): FakeSession {
    const bearer = protocols.find((name) => name.startsWith('bearer.'))?.slice('bearer.'.length) ?? '';
    const user = this.userOf(bearer);
    const session = new FakeSession(this, user ?? '', socket);
    if (!this.#isUp) socket.end(1006, '');
    else if (user === undefined) queueMicrotask(() => socket.end(4401, 'unauthorized'));
    else {
      queueMicrotask(() => {
        if (socket.readyState === 3) return;
        const wasThere = this.#isThere(user);
        this.#sessions.add(session);
        if (!wasThere) this.#evaluate(user);
        session.welcome();
      });
    }
    return session;
  }

  #isThere(user: string): boolean {
    return this.#present.has(user) || [...this.#sessions].some((session) => session.user === user);
  }

  #evaluate(user: string): void {
    this.#show(this.#store.evaluate(user, this.#isThere(user)));
    this.#tell((session) => session.user === user, { type: 'self', ...this.selfOf(user) });
  }

  #tell(whom: (session: FakeSession) => boolean, frame: object): void {
    for (const session of this.#sessions) if (whom(session)) session.socket.deliver(frame);
  }

  #watches({ watched }: FakeSession, user: string): boolean {
    const inGroup = [...this.#store.groups].some(([id, users]) => users.has(user) && watched.has(`g:${id}`));
    return watched.has(`u:${user}`) || watched.has('t:') || inGroup;
  }

  #show(presence: Presence): void {
    this.#tell((session) => this.#watches(session, presence.user), { type: 'presence', users: [presence] });
    this.#recount(['#t:', ...[...this.#store.groups.keys()].map((id) => `#g:${id}`)]);
  }

  #recount(keys: readonly string[]): void {
    for (const key of keys) this.#tell(({ watched }) => watched.has(key), this.countOf(key));
  }

  /** Somebody is as this says, from now on; `offline` is gone. */
  set(user: string, status: Status, more: { readonly text?: string; readonly note?: Note } = {}): void {
    if (status === 'offline') this.#present.delete(user);
    else this.#present.add(user);
    const { note, text } = more;
    const claim =
      status === 'busy' || status === 'away' ? { status, ...(text !== undefined && { text }) } : undefined;
    this.say(user, { claim, ...(note && { note }) });
  }

  /** What a person sets for themselves. */
  say(user: string, said: { claim?: OwnClaim | undefined; note?: Note | undefined }): void {
    this.#store.own.set(user, { ...this.#store.own.get(user), ...said });
    this.#evaluate(user);
  }

  selfOf(user: string): Self {
    const { claim, note } = this.#store.own.get(user) ?? {};
    const { status } = this.presence(user);
    return {
      status,
      ...(claim?.status === 'invisible' && { invisible: true }),
      ...(claim && { claim }),
      ...(note && { note }),
    };
  }

  presence(user: string): Presence {
    return this.#store.presence(user);
  }

  everyone(): Presence[] {
    return [...this.#store.presences.values()].filter(({ status }) => status !== 'offline');
  }

  groups(): string[] {
    return [...this.#store.groups.keys()];
  }

  membersOf(group: string): string[] {
    return [...(this.#store.groups.get(group) ?? [])];
  }

  /** The members of a group are these. */
  setGroup(group: string, users: readonly string[]): void {
    const former = new Set(this.membersOf(group));
    const joined = users.filter((user) => !former.has(user));
    const left = [...former].filter((user) => !users.includes(user));
    this.#store.groups.set(group, new Set(users));
    for (const session of this.#sessions) {
      if (!session.watched.has(`g:${group}`)) continue;
      if (joined.length > 0)
        session.socket.deliver({ type: 'presence', users: joined.map((user) => this.presence(user)) });
      session.socket.deliver({ type: 'members', group, joined, left });
      const gone = left.filter((user) => !this.#watches(session, user));
      if (gone.length > 0) session.socket.deliver({ type: 'gone', users: gone });
    }
    this.#recount([`#g:${group}`]);
  }

  /** Everything of a person is deleted; who watches them gets `gone`. */
  forget(user: string): void {
    this.#tell((session) => this.#watches(session, user), { type: 'gone', users: [user] });
    this.#store.presences.delete(user);
    this.#store.own.delete(user);
    this.#present.delete(user);
    for (const session of [...this.#sessions])
      if (session.user === user) session.socket.end(4403, 'forgotten');
    for (const session of this.#sessions) session.watched.delete(`u:${user}`);
  }

  countOf(key: string): object {
    const id = key.slice(key.indexOf(':') + 1);
    const people = this.everyone();
    const how = (status: Status): number => people.filter((one) => one.status === status).length;
    if (key.startsWith('#t'))
      return {
        type: 'count',
        of: { tenant: true },
        online: how('online'),
        away: how('away'),
        busy: how('busy'),
      };
    if (key.startsWith('#p')) return { type: 'count', of: { place: id }, present: this.inPlace(id).length };
    const members = this.membersOf(id);
    const present = members.filter((user) => this.presence(user).status !== 'offline').length;
    return { type: 'count', of: { group: id }, present, members: members.length };
  }

  inPlace(place: string): PlaceMember[] {
    return [...(this.#store.places.get(place)?.values() ?? [])];
  }

  /** Somebody is in a place, and shows this there. */
  enter(place: string, user: string, data?: PlaceData): void {
    const member = this.#store.put(place, user, data);
    this.#tell(({ watched }) => watched.has(`p:${place}`), { type: 'place', place, users: [member] });
    this.#recount([`#p:${place}`]);
  }

  leavePlace(place: string, user: string): void {
    if (!this.#store.places.get(place)?.delete(user)) return;
    const left = [{ user, at: new Date().toISOString(), ver: this.#store.nextVer }];
    this.#tell(({ watched }) => watched.has(`p:${place}`), { type: 'place', place, left });
    this.#recount([`#p:${place}`]);
  }

  /** Somebody types, or stopped. */
  passTyping(from: string, to: { user?: string; group?: string; place?: string }, on: boolean): void {
    const { user, ...of } = to;
    const hears = (session: FakeSession): boolean => {
      if (session.user === from) return false;
      if (user !== undefined) return session.user === user;
      if (to.place !== undefined) return session.watched.has(`p:${to.place}`);
      return this.membersOf(to.group ?? '').includes(session.user);
    };
    this.#tell(hears, { type: 'typing', from, ...of, on });
  }

  /** What is seen may be stale, or is fresh again. */
  degrade(on: boolean): void {
    this.#tell(() => true, { type: 'degraded', on });
  }

  /** Ends every connection of a user, or of everybody: with a close code, or (1006) without. */
  disconnect({ user, code = 1006 }: { readonly user?: string; readonly code?: number } = {}): void {
    for (const session of [...this.#sessions])
      if (user === undefined || session.user === user) session.socket.end(code, 'by the test');
  }

  /** Nobody can connect; who is connected is not any more. */
  down(): void {
    this.#isUp = false;
    this.disconnect();
  }

  up(): void {
    this.#isUp = true;
  }

  /** A connection ended. Without a goodbye its user stays until {@link expireGraces}. */
  left(session: FakeSession, isGoodbye: boolean): void {
    if (!this.#sessions.delete(session) || !isGoodbye) return;
    for (const place of session.places.keys()) this.leavePlace(place, session.user);
    if (!this.#isThere(session.user)) this.#evaluate(session.user);
  }

  /** The grace of everybody who lost their connection ends. */
  expireGraces(): void {
    for (const { user, status } of this.#store.presences.values())
      if (status !== 'offline' && !this.#isThere(user)) this.#evaluate(user);
  }
}

/**
 * A service for tests of an application: who is how is set by the test, and clients are made by {@link Fake.client}.
 *
 * ```ts
 * const fake = createFake();
 * fake.set('ada', 'busy');
 * const client = fake.client('bob');
 * client.connect();
 * await client.watch({ users: ['ada'] }).ready;
 * ```
 */
export const createFake = (options?: FakeOptions): Fake => new Fake(options);
