import { isId } from '../core/keys.ts';
import type { ClientFrame, Note, Presence, Self } from '../protocol/frames.ts';
import type { OwnClaim, PlaceData, PlaceMember } from '../types.ts';
import type { FakeSocket, ServerEnd } from './fake-socket.ts';

type Sent = ClientFrame & { readonly ref?: string };
type Watched = Pick<
  Extract<ClientFrame, { type: 'watch' }>,
  'users' | 'groups' | 'tenant' | 'places' | 'count'
>;

const keysOf = ({ users = [], groups = [], places = [], tenant, count }: Watched): string[] => {
  const of = [...groups.map((id) => `g:${id}`), ...places.map((id) => `p:${id}`), ...(tenant ? ['t:'] : [])];
  return [...users.map((id) => `u:${id}`), ...of.map((key) => (count ? `#${key}` : key))];
};

/** What a connection asks the fake service for. */
export interface FakeService {
  readonly options: { readonly tokenLifeMs: number };
  readonly forbidden: ReadonlySet<string>;
  userOf(token: string): string | undefined;
  selfOf(user: string): Self;
  say(user: string, said: { claim?: OwnClaim | undefined; note?: Note | undefined }): void;
  presence(user: string): Presence;
  everyone(): Presence[];
  membersOf(group: string): string[];
  countOf(key: string): object;
  inPlace(place: string): PlaceMember[];
  enter(place: string, user: string, data?: PlaceData): void;
  leavePlace(place: string, user: string): void;
  passTyping(from: string, to: { user?: string; group?: string; place?: string }, on: boolean): void;
  left(session: FakeSession, isGoodbye: boolean): void;
}

/** One connection to the fake service, which answers as the real one does. */
export class FakeSession implements ServerEnd {
  readonly user: string;
  readonly watched: Set<string> = new Set();
  readonly places: Map<string, PlaceData | undefined> = new Map();
  readonly socket: FakeSocket;
  readonly #fake: FakeService;

  constructor(fake: FakeService, user: string, socket: FakeSocket) {
    this.#fake = fake;
    this.user = user;
    this.socket = socket;
  }

  welcome(ref?: string): void {
    const now = Date.now();
    this.socket.deliver({
      type: 'welcome',
      user: this.user,
      tenant: 'default',
      expiresAt: new Date(now + this.#fake.options.tokenLifeMs).toISOString(),
      serverTime: new Date(now).toISOString(),
      idleAfterMs: 300_000,
      pingIntervalMs: 25_000,
      pingTimeoutMs: 10_000,
      graceMs: 5_000,
      limits: {
        frameBytes: 16_384,
        frameRate: 20,
        frameBurst: 60,
        watches: 5_000,
        place: { rate: 5, burst: 10, dataBytes: 1_024, places: 16 },
      },
      self: this.#fake.selfOf(this.user),
      ...(ref !== undefined && { ref }),
    });
  }

  received(text: string): void {
    const frame = JSON.parse(text) as Sent;
    const ack = (): void => this.socket.deliver({ type: 'ack', ref: frame.ref });
    switch (frame.type) {
      case 'auth':
        this.#renew(frame.token, frame.ref);
        return;
      case 'watch':
        this.#watch(frame);
        return;
      case 'unwatch':
        for (const key of keysOf(frame)) this.watched.delete(key);
        ack();
        return;
      case 'status': {
        const { status, text: words, emoji, until } = frame as unknown as OwnClaim;
        const claim = {
          status,
          ...(words && { text: words }),
          ...(emoji && { emoji }),
          ...(until && { until }),
        };
        this.#fake.say(this.user, { claim: status === null ? undefined : claim });
        ack();
        return;
      }
      case 'note': {
        const { type: _type, ref: _ref, ...note } = frame as Sent & Note;
        this.#fake.say(this.user, { note: Object.keys(note).length > 0 ? note : undefined });
        ack();
        return;
      }
      case 'enter':
        this.places.set(frame.place, frame.data as PlaceData | undefined);
        this.#fake.enter(frame.place, this.user, frame.data as PlaceData | undefined);
        ack();
        return;
      case 'leave':
        this.places.delete(frame.place);
        this.#fake.leavePlace(frame.place, this.user);
        ack();
        return;
      case 'typing':
        this.#fake.passTyping(this.user, frame.to, frame.on);
        return;
      case 'ping':
        this.socket.deliver({ type: 'pong' });
        return;
      case 'bye':
        this.#fake.left(this, true);
        this.socket.end(1000, 'goodbye');
    }
  }

  closed(): void {
    this.#fake.left(this, false);
  }

  #renew(token: string, ref: string | undefined): void {
    const user = this.#fake.userOf(token);
    if (user === this.user) this.welcome(ref);
    else this.#refuse(user === undefined ? 'unauthorized' : 'invalid', ref);
  }

  #refuse(code: string, ref: string | undefined, which: object = {}): void {
    this.socket.deliver({ type: 'error', code, message: code, ref, ...which });
  }

  #watch(frame: Extract<Sent, { type: 'watch' }>): void {
    const { ref } = frame;
    const fake = this.#fake;
    const { users = [], groups = [], places = [] } = frame;
    if (![...users, ...groups, ...places].every(isId)) {
      this.#refuse('invalid', ref);
      return;
    }
    const no = keysOf(frame).filter((key) => fake.forbidden.has(key.replace('#', '')));
    if (no.length > 0) {
      const ids = (kind: string) =>
        no.filter((key) => key.replace('#', '').startsWith(kind)).map((key) => key.replace(/^#?.:/, ''));
      this.#refuse('forbidden', ref, { users: ids('u'), groups: ids('g'), places: ids('p') });
      return;
    }
    for (const key of keysOf(frame)) this.watched.add(key);
    const answer = (what: object): void => this.socket.deliver({ ...what, ref });
    if (frame.count) {
      for (const key of keysOf(frame)) answer(fake.countOf(key));
      return;
    }
    const snapshots: object[] = [
      ...(users.length > 0 || frame.tenant
        ? [{ users: frame.tenant ? fake.everyone() : users.map((user) => fake.presence(user)) }]
        : []),
      ...groups.map((group) => ({ group, users: fake.membersOf(group).map((user) => fake.presence(user)) })),
    ];
    for (const [i, one] of snapshots.entries())
      answer({ type: 'presence', snapshot: true, ...one, ...(i < snapshots.length - 1 && { more: true }) });
    for (const place of places) answer({ type: 'place', place, snapshot: true, users: fake.inPlace(place) });
  }
}
