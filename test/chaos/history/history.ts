/**
 * What a run observed from outside: the only input of the checker. Times are ms since the epoch with a fraction, all
 * read from one clock of the test process.
 */
export interface History {
  readonly begunAt: number;
  readonly endedAt: number;
  /** Transitions were damped. */
  readonly damping?: { readonly burst: number; readonly intervalMs: number };
  readonly users: readonly string[];
  readonly connections: readonly ConnectionRecord[];
  readonly claims: readonly ClaimRecord[];
  readonly faults: readonly FaultRecord[];
  readonly watchers: readonly WatcherRecord[];
  readonly shown: readonly ShownRecord[];
  readonly log: readonly LogRecord[];
  readonly cursorReads: readonly CursorRecord[];
  readonly reads: readonly ReadRecord[];
  readonly memory: readonly MemoryRecord[];
  readonly readiness: readonly ReadinessRecord[];
}

export type Status = 'online' | 'away' | 'busy' | 'offline';

/** How a connection ended, as its client knows it. */
export type Ending =
  | 'bye'
  | 'close'
  | 'terminate'
  /** The client fell silent without closing anything. */
  | 'half-open'
  /** Told to go elsewhere (1012). */
  | 'drain'
  /** Reset without a close frame: the process died, or the client gave up before a welcome. */
  | 'lost'
  | 'gave-up'
  /** Closed by the server with any other code. */
  | 'server';

export interface ConnectionRecord {
  readonly id: number;
  readonly user: string;
  /** The node's place in the cluster; a restarted node keeps its place. */
  readonly slot: number;
  readonly dialAt: number;
  welcomeAt?: number;
  /** The welcome said what others see: the store has this connection. */
  isStored?: boolean;
  end?: { readonly at: number; readonly how: Ending; readonly code?: number };
}

export type ClaimStatus = 'busy' | 'away' | 'online' | 'invisible' | null;

/** An own claim somebody set over a connection. */
export interface ClaimRecord {
  readonly user: string;
  readonly connection: number;
  readonly status: ClaimStatus;
  readonly at: number;
  /** Absent when nobody answered: it may still take effect. */
  ackAt?: number;
}

/** Whom a fault keeps from what. */
export type Scope =
  /** The store for everybody. */
  | 'store'
  /** One or some nodes: stopped, or cut from the store. */
  | 'node'
  /** The process is gone. */
  | 'death'
  /** The process left as it was asked to. */
  | 'restart'
  /** Only the way of news to the nodes. */
  | 'feed'
  /** Nothing that may be noticed. */
  | 'none';

export interface FaultRecord {
  readonly id: number;
  readonly kind: string;
  readonly scope: Scope;
  readonly slots: readonly number[];
  readonly from: number;
  /** Infinity while it lasts. */
  to: number;
  /** When the store may have lost what it knew; it may have kept some of it. */
  lostAt?: number;
  /** Bytes of before `from` reached the store as late as this. */
  lateAt?: number;
  /** Every write was refused in all of this time, while reads were answered. */
  refusedFrom?: number;
  refusedTo?: number;
  note?: string;
}

export interface WatcherRecord {
  readonly id: number;
  readonly name: string;
  readonly slot: number;
  readonly openAt: number;
  /** The first snapshot is complete. */
  readyAt?: number;
  endAt?: number;
  /** Stretches in which it did not read. */
  readonly silences: { readonly from: number; to: number }[];
  /** Stretches in which it was told that its node is degraded; Infinity while it lasts. */
  readonly degraded: { readonly from: number; to: number }[];
}

/** A presence of one user in one frame. */
export interface ShownRecord {
  readonly at: number;
  readonly watcher: number;
  readonly user: string;
  readonly status: Status;
  readonly ver: number;
  readonly snapshot: boolean;
}

/** A transition in the log, found by a reader of the streams that is never away. */
export interface LogRecord {
  readonly seenAt: number;
  /** By the log's own clock. */
  readonly at: number;
  readonly partition: number;
  readonly gen: string;
  readonly id: number;
  readonly user: string;
  readonly status: Status;
  readonly previous: Status;
  readonly ver: number;
  readonly reason: string;
}

/** The backend reader that keeps cursors: what it read, or that its cursor was no longer held. */
export type CursorRecord =
  | {
      readonly kind: 'read';
      readonly at: number;
      readonly partition: number;
      readonly user: string;
      readonly ver: number;
      readonly id: number;
    }
  | { readonly kind: 'reset'; readonly at: number; readonly partition: number; readonly cursor: number };

/** One user of an answer over HTTP. */
export interface ReadRecord {
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly slot: number;
  readonly user: string;
  readonly status: Status;
}

/** An answer of `/readyz`. */
export interface ReadinessRecord {
  readonly askedAt: number;
  readonly at: number;
  readonly slot: number;
  readonly isReady: boolean;
}

export interface MemoryRecord {
  readonly at: number;
  readonly slot: number;
  readonly rss: number;
}
