/** The protocol as these scenarios speak it: docs/protocol.md has all of it. */
export interface Presence {
  readonly user: string;
  readonly status: 'online' | 'away' | 'busy' | 'offline';
  readonly ver: number;
  readonly text?: string;
}

export type ServerFrame =
  | { readonly type: 'welcome' }
  | {
      readonly type: 'presence';
      readonly users: readonly Presence[];
      readonly snapshot?: true;
      readonly more?: true;
    }
  | { readonly type: 'ack'; readonly ref: string }
  | { readonly type: 'error'; readonly code: string; readonly message: string; readonly ref?: string }
  | { readonly type: 'reconnect'; readonly afterMs: number }
  | { readonly type: 'gone' | 'degraded' | 'pong' | 'typing' };

export interface Watch {
  readonly users?: readonly string[];
  readonly tenant?: true;
}
