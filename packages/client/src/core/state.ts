import type { RollcallError } from '../errors.ts';
import type { Presence, Self, WelcomeFrame } from '../protocol/frames.ts';
import type {
  CloseInfo,
  Connection,
  Numbers,
  Options,
  PlaceData,
  PlaceMember,
  RetryPolicy,
  StopReason,
  TokenRequest,
  Unknown,
  Verdict,
} from '../types.ts';
import type { Key } from './keys.ts';

/** What the application has chosen. */
export interface Config {
  readonly auth: NonNullable<Options['auth']>;
  /** Input on the page counts as activity. */
  readonly automatic: boolean;
  readonly retry: RetryPolicy;
  readonly staleAfterMs: number;
  readonly lingerMs: number;
  readonly decide: ((close: CloseInfo, verdict: Verdict) => Verdict) | undefined;
}

/** Where the one connection stands. `asking`: for a token. `leaving`: the goodbye is said, the end is awaited. */
export type Link =
  | { readonly at: 'idle' | 'asking' | 'suspended' }
  | { readonly at: 'dialling'; readonly since: number; readonly idle: boolean }
  /** `told`: when the service wants it back. */
  | { readonly at: 'up'; readonly told?: number }
  | { readonly at: 'waiting'; readonly until: number; readonly told: boolean }
  | { readonly at: 'leaving'; readonly reason: StopReason; readonly settles: readonly number[] }
  | { readonly at: 'stopped'; readonly reason: StopReason; readonly error?: RollcallError };

/** Each has at most one moment at which it is due. */
export type Timer =
  | 'dial'
  | 'ping'
  | 'token'
  | 'renew'
  | 'steady'
  | 'stale'
  | 'pace'
  | 'again'
  | 'asks'
  | 'linger'
  | 'answers'
  | 'places'
  | 'typing'
  | 'heard';

export interface Token {
  readonly value?: string;
  /** Until when a dial may use it. */
  readonly usableUntil: number;
  /** The provider is being asked. */
  readonly request?: { readonly id: number; readonly reason: TokenRequest['reason'] };
  /** A renewal in place is under way. */
  readonly renewing?: { readonly ref: string; readonly value: string; readonly again: boolean };
  /** Refusals in a row. */
  readonly strikes: number;
}

/** Something that is watched. `new`: to be asked for. `refused`: not again before there is a new token. */
export interface Want {
  readonly refs: number;
  readonly phase: 'new' | 'asked' | 'held' | 'refused';
  readonly why?: Unknown;
  /** Watches whose `ready` waits for it. */
  readonly ready: readonly number[];
  /** Of a place: what each reference wants of it, 0 for everybody. */
  readonly tops: readonly number[];
}

/** A `watch` frame that is not answered yet. */
export interface Ask {
  readonly keys: readonly Key[];
  readonly due: number;
}

/** Something held, and the connection that confirmed it last. */
export interface Held<Value> {
  readonly value: Value;
  readonly epoch: number;
}

/** The users of a watched group, or of the tenant. `next`: those of a snapshot that is not complete. */
export interface Crowd {
  readonly users?: ReadonlySet<string>;
  readonly next?: ReadonlySet<string>;
  readonly epoch: number;
}

/** Who is in a watched place. */
export interface Room {
  readonly members: ReadonlyMap<string, PlaceMember>;
  readonly total: number | undefined;
  readonly truncated: boolean;
}

export interface RoomHeld {
  readonly room?: Room;
  readonly next?: Room;
  readonly epoch: number;
}

/** A place that this client is in. Numbers say which of the data the service has. */
export interface Stay {
  readonly refs: number;
  readonly data: PlaceData | undefined;
  readonly version: number;
  readonly sent: number;
  readonly inFlight: boolean;
  readonly nextAt: number;
  /** Not accepted, and not tried again by itself. */
  readonly refused: boolean;
  readonly settles: readonly { readonly id: number; readonly version: number }[];
}

/** A frame whose `ack` is awaited. */
export interface Pending {
  readonly due: number;
  readonly what: 'status' | 'note' | 'enter' | 'leave';
  readonly id?: number;
  readonly place?: string;
  readonly version?: number;
}

/** What waits for a connection: one of each kind. */
export interface Slot {
  readonly frame: object;
  readonly id: number;
  readonly due: number;
}

export interface State {
  readonly config: Config;
  readonly link: Link;
  readonly connection: Connection;
  /** Counts dials. What an older one brings is dropped. */
  readonly epoch: number;
  /** Failures in a row, as the step of the delay. */
  readonly attempt: number;
  /** Dials in a row that never opened. */
  readonly missed: number;
  readonly due: Readonly<Partial<Record<Timer, number>>>;
  /** Server time is the client's plus this. */
  readonly offset: number;
  readonly seed: number;
  /** Last `ref`, token request. */
  readonly counter: number;
  readonly token: Token;
  readonly welcome: WelcomeFrame | undefined;
  readonly self: Self | undefined;
  readonly degraded: boolean;
  /** What an older connection confirmed is stale. */
  readonly staleBelow: number;
  /** When something was heard last, and the check of silence that is under way. */
  readonly heardAt: number;
  readonly check: { readonly sentAt: number; readonly due: number } | undefined;

  readonly wants: ReadonlyMap<Key, Want>;
  /** Keys to be asked for now, and those after a pause. */
  readonly fresh: ReadonlySet<Key>;
  readonly again: ReadonlySet<Key>;
  readonly lingering: ReadonlyMap<Key, number>;
  readonly asks: ReadonlyMap<string, Ask>;
  readonly readies: ReadonlyMap<number, { readonly left: number; readonly error?: RollcallError }>;
  readonly pace: { readonly tokens: number; readonly at: number };
  /** Bytes of ids in one frame: less after a frame was too big. */
  readonly chunkBytes: number;

  readonly views: ReadonlyMap<string, Held<Presence>>;
  readonly crowds: ReadonlyMap<Key, Crowd>;
  readonly rooms: ReadonlyMap<string, RoomHeld>;
  readonly counts: ReadonlyMap<Key, Held<Numbers>>;

  readonly stays: ReadonlyMap<string, Stay>;
  readonly slots: ReadonlyMap<'status' | 'note', Slot>;
  readonly pending: ReadonlyMap<string, Pending>;
  /** This service knows no places. */
  readonly noPlaces: boolean;
  readonly activity: { readonly last: number; readonly told: number; readonly idle: boolean };
  readonly typing: ReadonlyMap<Key, { readonly to: object; readonly input: number; readonly sentAt: number }>;
  readonly quietUntil: number;
  readonly heard: ReadonlyMap<Key, ReadonlyMap<string, number>>;
}

const NEVER = Number.NEGATIVE_INFINITY;

/** @param offset - server time as far as it is known: that of the device, less `now`. */
export const initialState = (config: Config, now: number, offset: number, seed: number): State => ({
  config,
  link: { at: 'idle' },
  connection: Object.freeze({ state: 'idle' }),
  epoch: 0,
  attempt: 0,
  missed: 0,
  due: {},
  offset,
  seed,
  counter: 0,
  token: { usableUntil: NEVER, strikes: 0 },
  welcome: undefined,
  self: undefined,
  degraded: false,
  staleBelow: 0,
  heardAt: now,
  check: undefined,
  wants: new Map(),
  fresh: new Set(),
  again: new Set(),
  lingering: new Map(),
  asks: new Map(),
  readies: new Map(),
  pace: { tokens: 0, at: now },
  chunkBytes: 12_288,
  views: new Map(),
  crowds: new Map(),
  rooms: new Map(),
  counts: new Map(),
  stays: new Map(),
  slots: new Map(),
  pending: new Map(),
  noPlaces: false,
  activity: { last: now, told: NEVER, idle: false },
  typing: new Map(),
  quietUntil: NEVER,
  heard: new Map(),
});
