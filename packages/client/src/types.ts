import type { RollcallError } from './errors.ts';
import type { CloseCodeNumber } from './protocol/codes.ts';
import type { Note, Presence, Self } from './protocol/frames.ts';

export type { ClientErrorCode, Outcome, RollcallError } from './errors.ts';
export type { ErrorCode } from './protocol/codes.ts';
export type { Note, Presence, Self, Status } from './protocol/frames.ts';

/** Kind of device, told to others beside the status. */
export type Device = 'web' | 'desktop' | 'mobile' | 'api' | 'agent';

/** Data that somebody shows in a place: a JSON object of at most 1 KiB. */
export type PlaceData = Readonly<Record<string, unknown>>;

/**
 * Why nothing is known. `unwatched`: nobody asked for it. `loading`: the answer is on its way, or there is no connection
 * yet. `gone`: the service shows it to this client no longer. `forbidden`, `too_many_watches`: the service refused.
 * `invalid`: no id. `unsupported`: this service is too old to know it.
 */
export type Unknown =
  | 'unwatched'
  | 'loading'
  | 'gone'
  | 'forbidden'
  | 'too_many_watches'
  | 'invalid'
  | 'unsupported';

/** Not known, and why. It is never the same as `offline`. */
export interface NotKnown {
  readonly known: false;
  readonly why: Unknown;
}

/** Frozen, and the same object until something of it changes. `stale`: it may have changed meanwhile. */
export type View = { readonly known: true; readonly stale: boolean; readonly presence: Presence } | NotKnown;

/** The members of a group, or everyone of the tenant who is not offline: their ids, in no order of meaning. */
export type MembersView =
  | { readonly known: true; readonly stale: boolean; readonly users: readonly string[] }
  | NotKnown;

/** Somebody in a place. Frozen, and the same object until something of it changes. */
export interface PlaceMember {
  readonly user: string;
  readonly name?: string;
  readonly data?: PlaceData;
  /** Absent where `LAST_SEEN` hides it. */
  readonly since?: string;
  readonly ver: number;
}

/** Who is in a place, longest first. `truncated`: the place is larger than what is listed; `total` counts everybody. */
export type PlaceView =
  | {
      readonly known: true;
      readonly stale: boolean;
      readonly members: readonly PlaceMember[];
      readonly total: number;
      readonly truncated: boolean;
    }
  | NotKnown;

/** Numbers of the tenant (`online`, `away`, `busy`), or of a group or place (`present`, and `members` of a group). */
export interface Numbers {
  readonly online?: number;
  readonly away?: number;
  readonly busy?: number;
  readonly present?: number;
  readonly members?: number;
}

export type CountView =
  | { readonly known: true; readonly stale: boolean; readonly numbers: Numbers }
  | NotKnown;

/** A group, or everyone. */
export type MembersOf = { readonly group: string } | { readonly tenant: true };

/** What can be counted. */
export type CountOf = { readonly group: string } | { readonly place: string } | { readonly tenant: true };

/** Whom typing is told to: one person, the members of a group, or who watches a place. */
export type TypingTarget =
  | { readonly user: string }
  | { readonly group: string }
  | { readonly place: string };

/** What to watch. */
export interface Target {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly tenant?: true;
  readonly places?: readonly string[];
  /** Of each place, only those who are there longest, at most so many (≤ 100), and how many there are in all. */
  readonly top?: number;
  /** Numbers of the groups, places or tenant, instead of people. */
  readonly count?: true;
}

/** A watch that somebody holds. Watches of the same thing share one subscription; the last one to close ends it. */
export interface Watch {
  /**
   * Settles when everything asked for was answered. Rejects with {@link RollcallError} when part of it was refused, or
   * when the watch is closed first. It may be ignored: it is never an unhandled rejection.
   */
  readonly ready: Promise<void>;
  close(): void;
  [Symbol.dispose](): void;
}

/** Being in a place, until {@link leave}. Several of one place are one: the newest data count, the last one leaves. */
export interface Entered {
  /** Settles when the service has stored it. May be ignored, as that of {@link Watch}. */
  readonly ready: Promise<void>;
  /** Shows other data. Many in a row are sent as the newest one. */
  update(data: PlaceData | undefined): Promise<void>;
  leave(): Promise<void>;
  [Symbol.dispose](): void;
}

/** Tells a target that this person types. */
export interface Typing {
  /** Something was typed: call it on every key. */
  input(): void;
  /** The text was sent, or given up. */
  stop(): void;
  /** A message of theirs has arrived: they are not typing any more. */
  clear(from: string): void;
}

/** What the person set for themselves. */
export interface OwnClaim {
  readonly status: 'busy' | 'away' | 'online' | 'invisible';
  readonly text?: string;
  readonly emoji?: string;
  /** When it ends, RFC 3339. */
  readonly until?: string;
}

/** Why the client does not dial any more until `connect()`. */
export type StopReason =
  | 'closed'
  | 'signed_out'
  | 'forbidden'
  | 'replaced'
  | 'unauthorized'
  | 'protocol_error';

/**
 * `waiting`: lost, dials again at `nextAt` (server time, ms). `suspended`: the page is in the back/forward cache.
 * `degraded`: the service itself says that what it shows may be stale.
 */
export type Connection =
  | { readonly state: 'idle' }
  | { readonly state: 'connecting'; readonly attempt: number }
  | { readonly state: 'waiting'; readonly attempt: number; readonly nextAt: number }
  | { readonly state: 'suspended' }
  | {
      readonly state: 'connected';
      readonly degraded: boolean;
      readonly user: string;
      readonly tenant: string;
    }
  | { readonly state: 'stopped'; readonly reason: StopReason; readonly error?: RollcallError };

/** Why a token is asked for. `rejected`: the last one was refused, the same again will not do. */
export interface TokenRequest {
  readonly reason: 'connect' | 'expiring' | 'rejected';
  readonly signal: AbortSignal;
}

/** When to dial again after a failure. */
export interface RetryPolicy {
  /** The first delay is random below this, ms; each one after it below twice as much. Default 1,000. */
  readonly baseMs: number;
  /** No delay is longer, ms. Default 30,000. */
  readonly maxMs: number;
  /** A connection that lasted this long makes the next failure the first again, ms. Default 10,000. */
  readonly steadyMs: number;
}

/** How a connection, or the attempt at one, ended. */
export interface CloseInfo {
  /** 1006 when it was lost without a close frame or never opened. */
  readonly code: CloseCodeNumber | 1001 | 1006 | (number & {});
  readonly reason: string;
  /** It never got as far as `welcome`. */
  readonly early: boolean;
}

/** What follows from a close. */
export type Verdict =
  | { readonly next: 'retry'; readonly delayMs: number }
  | { readonly next: 'new_token' }
  | { readonly next: 'stop'; readonly reason: StopReason };

/** What a client needs of a WebSocket: that of browsers, of Node ≥ 22, and of the package `ws`. */
export interface WebSocketLike {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike;

/** What happens around the client: see {@link Platform}. */
export type PlatformEvent = 'input' | 'visible' | 'resume' | 'online' | 'offline' | 'pagehide' | 'pageshow';

/** Clocks, chance and page of the client: given by tests, and by programs that are neither a page nor Node. */
export interface Platform {
  /** Milliseconds that never go back, from any beginning. */
  monotonic(): number;
  /** Milliseconds of the wall clock. */
  wall(): number;
  /** At least 0, below 1. */
  random(): number;
  setTimer(run: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
  /** Calls for what happens to the page. @returns a function that ends it. */
  listen(heard: (event: PlatformEvent) => void): () => void;
}

export interface Options {
  /** Of the service: `wss://presence.example.com`, or with the path `/v1/ws`. */
  readonly url: string | URL;
  /** A token for the person signed in; `null` when nobody is. Called again before the token ends. */
  getToken(request: TokenRequest): string | null | Promise<string | null>;
  /** Where the token goes. Default `subprotocol`: `frame` is for proxies that limit headers, and suffers behind NAT. */
  readonly auth?: 'subprotocol' | 'frame';
  /** Default `web`. */
  readonly device?: Device;
  /** For tokens of every tenant: which one. */
  readonly tenant?: string;
  /** `auto`: input on the page counts. `manual`: only `active()` and `idle()`. Default `auto`. */
  readonly activity?: 'auto' | 'manual';
  /** Default the global one. Node 20 has none: give it that of `ws`. */
  readonly WebSocket?: WebSocketClass;
  readonly retry?: Partial<RetryPolicy>;
  /** Has the last word on what follows from a close. Without side effects. */
  decide?(close: CloseInfo, verdict: Verdict): Verdict;
  /** How long after a lost connection views become stale, ms. Default 10,000. */
  readonly staleAfterMs?: number;
  /** How long a subscription outlives its last watch, ms. Default 2,000. */
  readonly lingerMs?: number;
  readonly platform?: Platform;
  /** For debugging. Never gets a token. */
  log?(level: 'debug' | 'warn', message: string, data?: object): void;
}

/** What `subscribe` calls for. */
export type Topic =
  | 'connection'
  | 'self'
  | { readonly user: string }
  | { readonly members: MembersOf }
  | { readonly place: string }
  | { readonly count: CountOf }
  | { readonly typing: TypingTarget };

/** What a client tells besides what can be read. */
export interface ClientEvents {
  error: RollcallError;
  /** The users whose views changed, of any watch: read them with `view`. */
  views: readonly string[];
}

export interface Client {
  readonly connection: Connection;
  /** What others see of the person, and what they have set; `undefined` while unknown. */
  readonly self: Self | undefined;
  /** Dials, and keeps dialling. Does nothing while that already happens. */
  connect(): void;
  /** Ends the connection: the person stays present for the grace of the service. */
  close(): void;
  /** Says goodbye: this device has left for good. Settles when the service has heard it, or cannot. */
  leave(): Promise<void>;
  /** For another person: forgets everything of the former one, and is idle. Watches stay. */
  reset(): void;

  watch(target: Target): Watch;
  view(user: string): View;
  members(of: MembersOf): MembersView;
  place(place: string): PlaceView;
  count(of: CountOf): CountView;
  /** Who is typing: in the group or place, or (`user`) this person to oneself. */
  typingIn(target: TypingTarget): readonly string[];

  /** Calls when what can be read of the topic has changed. @returns a function that unsubscribes. */
  subscribe(topic: Topic, listener: () => void): () => void;
  on<Event extends keyof ClientEvents>(
    event: Event,
    listener: (what: ClientEvents[Event]) => void,
  ): () => void;

  enter(place: string, data?: PlaceData): Entered;
  /** Sets, or with `null` clears, one's own status. The newest call wins. Waits at most 10 s for a connection. */
  setStatus(claim: OwnClaim | null, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Sets, or with `null` clears, what one says of oneself beside the status. */
  setNote(note: Note | null, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** The person does something. */
  active(): void;
  /** The person is away from this device: a locked screen, an app in the background. */
  idle(): void;
  typing(target: TypingTarget): Typing;
  /** Server time, ms. */
  now(): number;
}
