import {
  AuthError,
  type Authenticator,
  type Principal,
  type Scope,
  type ServicePrincipal,
  type UserPrincipal,
} from '../../../src/auth/principal.ts';
import type { OwnGroups, Transition, UserRef, View } from '../../../src/domain/model.ts';
import type { PlaceTransition } from '../../../src/domain/place.ts';
import type { FeedListener, Signal } from '../../../src/events/feed.ts';
import {
  type Fanout,
  type Sink,
  WatchError,
  type WatchErrorCode,
  type Watcher,
  type WatchRequest,
} from '../../../src/fanout/fanout.ts';
import type { Viewer } from '../../../src/fanout/visibility.ts';
import type {
  Health,
  Hiding,
  Leaving,
  Member,
  Membership,
  PlaceMembership,
  UserConnection,
} from '../../../src/node/membership.ts';
import { snapshotFrame } from '../../../src/protocol/encode-presence.ts';
import type { ClaimRequest, NoteRequest } from '../../../src/store/port/people.ts';
import type { SelfView } from '../../../src/store/port/views.ts';

export const view = (user: string, status: View['status'] = 'online'): View => ({
  user,
  status,
  since: 1,
  ver: 1,
  devices: [],
});

export const principal = (
  user: string,
  over: Partial<Omit<UserPrincipal, 'scopes'>> & { scopes?: Scope[] } = {},
): UserPrincipal => {
  const { scopes = ['connect', 'watch'], ...rest } = over;
  return {
    tenant: 'acme',
    user,
    iat: 1000,
    exp: Math.floor(Date.now() / 1000) + 3600,
    ...rest,
    scopes: new Set(scopes),
  };
};

/** A service of all tenants. */
export const service = (name: string, scopes: Scope[] = ['watch:tenant']): ServicePrincipal => {
  const { iat = 0, exp } = principal(name);
  return { service: name, iat, exp, scopes: new Set(scopes) };
};

/** A promise that somebody else settles. */
export const gate = <T = void>() => {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};

/** Knows exactly the tokens it was given. */
export class FakeAuthenticator implements Authenticator {
  readonly #tokens = new Map<string, Principal>();
  #count = 0;
  asked = 0;
  /** When set, verification waits for it. */
  wait: Promise<void> | undefined;
  /** When set, verification fails with it. */
  error: Error | undefined;

  issue(who: Principal): string {
    const token = `t${++this.#count}`;
    this.#tokens.set(token, who);
    return token;
  }

  async verify(token: string): Promise<Principal> {
    this.asked += 1;
    await this.wait;
    if (this.error !== undefined) throw this.error;
    const found = this.#tokens.get(token);
    if (found === undefined) throw new AuthError('bad_signature', 'the signature is wrong');
    return found;
  }
}

/** In which places connections are. What it answers is set by tests. */
class FakePlaces implements PlaceMembership {
  readonly entered: { readonly member: Member; readonly place: string; readonly data: string | undefined }[] =
    [];
  /** What `enter` and `exit` answer. */
  result: Promise<void> = Promise.resolve();
  /** Places in which others see everybody. */
  readonly shown = new Set<string>();

  enter(member: Member, place: string, data: string | undefined): Promise<void> {
    this.withdraw(member, [place]);
    this.entered.push({ member, place, data });
    return this.result;
  }

  exit(member: Member, place: string): Promise<void> {
    this.withdraw(member, [place]);
    return this.result;
  }

  withdraw(member: Member, places: readonly string[]): void {
    for (const place of places) {
      const at = this.entered.findIndex((one) => one.member === member && one.place === place);
      if (at >= 0) this.entered.splice(at, 1);
    }
  }

  of(member: Member): readonly string[] {
    return this.entered.filter((one) => one.member === member).map(({ place }) => place);
  }

  shows(_ref: UserRef, place: string): boolean {
    return this.shown.has(place);
  }
}

export class FakeMembership implements Membership {
  readonly places = new FakePlaces();
  readonly members: Member[] = [];
  readonly left: { readonly member: Member; readonly how: Leaving }[] = [];
  readonly claims: { readonly ref: UserRef; readonly claim: ClaimRequest }[] = [];
  readonly renewals: Principal[] = [];
  /** What was told of a member each time it was touched. */
  readonly touches: { readonly member: Member; readonly idle: boolean; readonly activeAt: number }[] = [];
  /** What `join` answers. */
  self: Promise<SelfView | undefined> = Promise.resolve(undefined);
  claimResult: Promise<void> = Promise.resolve();
  onClaim: () => void = () => undefined;

  join(member: Member): Promise<SelfView | undefined> {
    this.members.push(member);
    return this.self;
  }

  leave(member: Member, how: Leaving): void {
    const at = this.members.indexOf(member);
    if (at < 0) throw new Error('left without having joined');
    this.members.splice(at, 1);
    this.left.push({ member, how });
  }

  readonly observers: UserConnection[] = [];
  /** What `observe` answers. */
  own: Promise<OwnGroups | undefined> = Promise.resolve(undefined);

  observe(observer: UserConnection): Promise<OwnGroups | undefined> {
    this.observers.push(observer);
    return this.own;
  }

  unobserve(observer: UserConnection): void {
    const at = this.observers.indexOf(observer);
    if (at < 0) throw new Error('gone without having observed');
    this.observers.splice(at, 1);
  }

  renewed({ principal }: UserConnection): void {
    this.renewals.push(principal);
  }

  touched(member: Member): void {
    this.touches.push({ member, idle: member.idle, activeAt: member.activeAt });
  }

  claim(ref: UserRef, claim: ClaimRequest): Promise<void> {
    this.claims.push({ ref, claim });
    this.onClaim();
    return this.claimResult;
  }

  readonly notes: { readonly ref: UserRef; readonly note: NoteRequest }[] = [];
  note(ref: UserRef, note: NoteRequest): Promise<void> {
    this.notes.push({ ref, note });
    return this.claimResult;
  }

  membersOf({ tenant, user }: UserRef): readonly Member[] {
    return this.members.filter((member) => member.ref.tenant === tenant && member.ref.user === user);
  }

  /** What is known of everybody. */
  known: SelfView | undefined;
  selfOf(): SelfView | undefined {
    return this.known;
  }

  readonly hidden = new Set<string>();
  readonly unknown = new Set<string>();
  hiding({ user }: UserRef): Hiding {
    if (this.unknown.has(user)) return 'unknown';
    return this.hidden.has(user) ? 'hidden' : 'visible';
  }

  get users(): number {
    return this.members.length;
  }
}

/** Answers every watch with a snapshot of nobody; remembers what is watched. */
export class FakeWatcher implements Watcher {
  readonly tenant: string;
  readonly sink: Sink;
  readonly watching = { users: new Set<string>(), groups: new Set<string>(), tenant: false };
  readonly watchedPlaces = new Set<string>();
  readonly viewers: Viewer[] = [];
  drains = 0;
  isClosed = false;
  readonly #fanout: FakeFanout;

  constructor(fanout: FakeFanout, tenant: string, sink: Sink, viewer: Viewer) {
    this.viewers.push(viewer);
    this.#fanout = fanout;
    this.tenant = tenant;
    this.sink = sink;
  }

  async watch({ users = [], places = [], tenant = false }: WatchRequest, ref?: string): Promise<void> {
    await this.#fanout.wait;
    if (this.#fanout.error !== undefined) throw this.#fanout.error;
    for (const user of users) this.watching.users.add(user);
    for (const place of places) this.watchedPlaces.add(place);
    if (tenant) this.watching.tenant = true;
    const encoded = users.map((user) => JSON.stringify({ user, status: 'offline', ver: 0 }));
    this.sink.send(snapshotFrame(encoded.join(','), { ref, group: undefined, more: false }));
  }

  unwatch({ users = [], places = [], tenant = false }: WatchRequest): void {
    for (const place of places) this.watchedPlaces.delete(place);
    for (const user of users) this.watching.users.delete(user);
    if (tenant) this.watching.tenant = false;
  }

  allow(viewer: Viewer): void {
    this.viewers.push(viewer);
  }

  followsPlace(place: string): boolean {
    return this.watchedPlaces.has(place);
  }

  dropPlaces(isDropped: (place: string) => boolean): string[] {
    const dropped = [...this.watchedPlaces].filter(isDropped);
    for (const place of dropped) this.watchedPlaces.delete(place);
    return dropped;
  }

  drained(): void {
    this.drains += 1;
  }

  close(): void {
    this.isClosed = true;
  }
}

export class FakeFanout implements Fanout {
  readonly watchers: FakeWatcher[] = [];
  wait: Promise<void> | undefined;
  error: Error | undefined;

  failWith(code: WatchErrorCode): void {
    this.error = new WatchError(code, code);
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  watcher(tenant: string, sink: Sink, viewer: Viewer): Watcher {
    const watcher = new FakeWatcher(this, tenant, sink, viewer);
    this.watchers.push(watcher);
    return watcher;
  }

  cached(): View | undefined {
    return undefined;
  }
}

/** Hands every signal to its listeners, as the feed of one node does. */
export class FakeFeed {
  readonly signals: Signal[] = [];
  readonly #listeners = new Set<FeedListener>();

  subscribe(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async signal(signal: Signal): Promise<void> {
    this.signals.push(signal);
    this.hear(signal);
  }

  /** From another node. */
  hear(signal: Signal): void {
    for (const listener of this.#listeners) listener.signal?.(signal);
  }

  place(place: PlaceTransition): void {
    for (const listener of this.#listeners) listener.place?.({ id: place.ver, partition: 0, place });
  }

  transition(transition: Transition): void {
    for (const listener of this.#listeners)
      listener.transition?.({ id: transition.ver, partition: 0, transition });
  }
}

export class FakeHealth implements Health {
  degraded = false;
  ready = true;
  readonly #listeners = new Set<(degraded: boolean) => void>();

  onDegraded(listener: (degraded: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  flip(degraded: boolean): void {
    this.degraded = degraded;
    for (const listener of this.#listeners) listener(degraded);
  }
}
