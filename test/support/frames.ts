/**
 * The public protocol as a client reads it, written down from the documentation and not imported from the service: a
 * change of the service's own tables must show here.
 */

interface Note {
  readonly text?: string;
  readonly emoji?: string;
  readonly until?: string;
}

interface Self {
  readonly status: string;
  readonly invisible?: boolean;
  readonly claim?: Note & { readonly status: string };
  readonly note?: Note;
}

export interface Presence {
  readonly user: string;
  readonly status: 'online' | 'away' | 'busy' | 'offline';
  readonly since?: string;
  readonly ver: number;
  readonly lastSeen?: string;
  readonly name?: string;
  readonly text?: string;
  readonly emoji?: string;
  readonly until?: string;
  readonly note?: Note;
  readonly devices?: readonly string[];
}

export type ServerFrame =
  | {
      readonly type: 'welcome';
      readonly user: string;
      readonly tenant: string;
      readonly expiresAt: string;
      readonly idleAfterMs: number;
      readonly pingIntervalMs: number;
      readonly serverTime: string;
      readonly self?: Self;
      readonly ref?: string;
    }
  | {
      readonly type: 'presence';
      readonly users: readonly Presence[];
      readonly snapshot?: true;
      readonly ref?: string;
      readonly more?: true;
      readonly group?: string;
    }
  | {
      readonly type: 'members';
      readonly group: string;
      readonly joined?: readonly string[];
      readonly left?: readonly string[];
    }
  | ({ readonly type: 'self' } & Self)
  | {
      readonly type: 'gone';
      readonly users?: readonly string[];
      readonly groups?: readonly string[];
      readonly tenant?: true;
    }
  | { readonly type: 'typing'; readonly from: string; readonly group?: string; readonly on: boolean }
  | { readonly type: 'ack'; readonly ref: string }
  | { readonly type: 'pong' }
  | { readonly type: 'error'; readonly code: string; readonly message: string; readonly ref?: string }
  | { readonly type: 'reconnect'; readonly afterMs: number }
  | { readonly type: 'degraded'; readonly on: boolean };

export type ClientFrame =
  | {
      readonly type: 'auth';
      readonly token: string;
      readonly activity?: 'active' | 'idle';
      readonly ref?: string;
    }
  | {
      readonly type: 'watch' | 'unwatch';
      readonly users?: readonly string[];
      readonly groups?: readonly string[];
      readonly tenant?: true;
      readonly ref?: string;
    }
  | {
      readonly type: 'typing';
      readonly to: { readonly user: string } | { readonly group: string };
      readonly on: boolean;
      readonly ref?: string;
    }
  | { readonly type: 'activity'; readonly state: 'active' | 'idle'; readonly ref?: string }
  | {
      readonly type: 'status';
      readonly status: 'busy' | 'away' | 'online' | 'invisible' | null;
      readonly text?: string;
      readonly emoji?: string;
      readonly until?: string;
      readonly ref?: string;
    }
  | ({ readonly type: 'note'; readonly ref?: string } & Note)
  | { readonly type: 'ping' | 'bye'; readonly ref?: string };
