import type { Presence } from '../../protocol/presence.ts';

/** What a node sends, as far as a watcher needs it. */
export type ServerFrame =
  | {
      readonly type: 'welcome';
      readonly user: string;
      readonly tenant: string;
      readonly pingIntervalMs: number;
    }
  | PresenceFrame
  | PlaceFrame
  | {
      readonly type: 'gone';
      readonly users?: readonly string[];
      readonly places?: readonly string[];
      readonly tenant?: true;
    }
  | { readonly type: 'error'; readonly code: string; readonly message: string; readonly ref?: string }
  | { readonly type: 'reconnect'; readonly afterMs: number }
  | { readonly type: 'degraded'; readonly on: boolean };

export interface PresenceFrame {
  readonly type: 'presence';
  readonly users: readonly Presence[];
  readonly snapshot?: true;
  readonly ref?: string;
  readonly more?: true;
}

export interface PlaceFrame {
  readonly type: 'place';
  readonly place: string;
  readonly users?: readonly {
    readonly user: string;
    readonly data?: object;
    readonly since?: string;
    readonly ver: number;
  }[];
  readonly left?: readonly { readonly user: string; readonly at?: string; readonly ver: number }[];
  readonly total?: number;
  readonly truncated?: true;
  readonly snapshot?: true;
  readonly more?: true;
}

/** Reads one frame; `undefined` for what this version does not know, which is no error. */
export const readFrame = (text: string): ServerFrame | undefined => {
  try {
    const frame: unknown = JSON.parse(text);
    const typed = typeof frame === 'object' && frame !== null && 'type' in frame;
    return typed ? (frame as ServerFrame) : undefined;
  } catch {
    return undefined;
  }
};
