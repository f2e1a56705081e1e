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
      readonly places?: readonly string[];
      readonly tenant?: true;
    }
  | {
      readonly type: 'place';
      readonly place: string;
      readonly users?: readonly PlaceMemberShown[];
      readonly left?: readonly { readonly user: string; readonly at: string; readonly ver: number }[];
      readonly total?: number;
      readonly truncated?: true;
      readonly snapshot?: true;
      readonly ref?: string;
      readonly more?: true;
    }
  | {
      readonly type: 'count';
      readonly of: { readonly group?: string; readonly place?: string; readonly tenant?: true };
      readonly online?: number;
      readonly away?: number;
      readonly busy?: number;
      readonly present?: number;
      readonly members?: number;
      readonly ref?: string;
    }
  | {
      readonly type: 'typing';
      readonly from: string;
      readonly group?: string;
      readonly place?: string;
      readonly on: boolean;
    }
  | { readonly type: 'ack'; readonly ref: string }
  | { readonly type: 'pong' }
  | { readonly type: 'error'; readonly code: string; readonly message: string; readonly ref?: string }
  | { readonly type: 'reconnect'; readonly afterMs: number }
  | { readonly type: 'degraded'; readonly on: boolean };

/** A member of a place as others see them. */
interface PlaceMemberShown {
  readonly user: string;
  readonly name?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly since: string;
  readonly ver: number;
}

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
      readonly places?: readonly string[];
      readonly top?: number;
      readonly count?: true;
      readonly ref?: string;
    }
  | { readonly type: 'enter'; readonly place: string; readonly data?: object; readonly ref?: string }
  | { readonly type: 'leave'; readonly place: string; readonly ref?: string }
  | {
      readonly type: 'typing';
      readonly to: { readonly user: string } | { readonly group: string } | { readonly place: string };
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
