import type { View } from '../domain/model.ts';
import type { Viewer } from './visibility.ts';

/** The writing end of one connection, as fan-out needs it; sessions implement it. */
export interface Sink {
  /** Bytes handed to the socket that the peer has not taken yet. */
  readonly buffered: number;
  /** Writes one text frame. A frame shared by many sinks is a Buffer, encoded once. Never throws. */
  send(frame: string | Buffer): void;
}

/** What a `watch` or `unwatch` frame asks for. */
export interface WatchRequest {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly tenant?: boolean;
  readonly places?: readonly string[];
  /** Of the places: those who are there longest, so many, and how many are there. */
  readonly top?: number;
  /** Numbers of the groups, places and the tenant instead of people. */
  readonly count?: boolean;
}

export type WatchErrorCode = 'too_many_watches' | 'unavailable' | 'forbidden' | 'rate_limited';

/** What of a request was refused, where that can be said. */
export interface Refused {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly places?: readonly string[];
}

/** Nothing was registered. */
export class WatchError extends Error {
  readonly code: WatchErrorCode;
  readonly refused: Refused;
  constructor(
    code: WatchErrorCode,
    message: string,
    { users, groups, places, ...options }: ErrorOptions & Refused = {},
  ) {
    super(message, options);
    this.name = 'WatchError';
    this.code = code;
    this.refused = {
      ...(users !== undefined && { users }),
      ...(groups !== undefined && { groups }),
      ...(places !== undefined && { places }),
    };
  }
}

/**
 * Who watches whom on this node. One watcher a connection: it holds the newest unsent view of each changed user,
 * writes at most one presence frame a window, and never sends anything of a user before that user's snapshot.
 */
export interface Fanout {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Makes the watcher of one connection; costs little until it watches something. */
  watcher(tenant: string, sink: Sink, viewer: Viewer): Watcher;
  /** Views this node holds of a user because a connection here watches them. */
  cached(tenant: string, user: string): View | undefined;
}

export interface Watcher {
  /**
   * Registers and sends the snapshot (with `ref`), then every later state in `ver` order.
   * @throws WatchError when too many, not answerable or not visible; then nothing was registered.
   */
  watch(request: WatchRequest, ref?: string): Promise<void>;
  unwatch(request: WatchRequest): void;
  /** Users by id, groups, and whether the tenant is watched now. */
  readonly watching: {
    readonly users: ReadonlySet<string>;
    readonly groups: ReadonlySet<string>;
    readonly tenant: boolean;
  };
  /** Places watched now, by name or by those who are there longest. */
  readonly watchedPlaces: ReadonlySet<string>;
  /** Whether a place is watched by name. */
  followsPlace(place: string): boolean;
  /** Ends the watches of some places. Sends nothing to the client. @returns the places that were watched. */
  dropPlaces(isDropped: (place: string) => boolean): string[];
  /** What may be seen changed: watches that are not allowed any more end, and the client gets `gone`. */
  allow(viewer: Viewer): void;
  /** The socket's buffer emptied below its limit: what was held back goes out. */
  drained(): void;
  close(): void;
}
