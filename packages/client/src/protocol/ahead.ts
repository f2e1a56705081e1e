import type { ErrorFrame, GoneFrame, PresenceFrame, ServerFrame, TypingFrame } from './frames.ts';

/**
 * Frames of the contract that the service of this version does not have yet. What it learns moves to `frames.ts`, which
 * is made from the service; this file ends empty.
 */

/** Who joined or left a watched group. */
export interface MembersFrame {
  readonly type: 'members';
  readonly group: string;
  readonly joined?: readonly string[];
  readonly left?: readonly string[];
}

/** Who is in a place, who came or shows other data, who left. */
export interface PlaceFrame {
  readonly type: 'place';
  readonly place: string;
  readonly users?: readonly {
    readonly user: string;
    readonly name?: string;
    readonly data?: Readonly<Record<string, unknown>>;
    readonly since: string;
    readonly ver: number;
  }[];
  readonly left?: readonly { readonly user: string; readonly at: string; readonly ver: number }[];
  readonly total?: number;
  readonly truncated?: true;
  readonly snapshot?: true;
  readonly ref?: string;
  readonly more?: true;
}

/** Numbers instead of people. */
export interface CountFrame {
  readonly type: 'count';
  readonly of: { readonly group?: string; readonly place?: string; readonly tenant?: true };
  readonly online?: number;
  readonly away?: number;
  readonly busy?: number;
  readonly present?: number;
  readonly members?: number;
  readonly ref?: string;
}

type Known = 'presence' | 'gone' | 'error' | 'typing' | 'members' | 'place' | 'count';

/** Every frame that this client understands. */
export type Incoming =
  | Exclude<ServerFrame, { readonly type: Known }>
  | (PresenceFrame & { readonly group?: string })
  | (GoneFrame & { readonly places?: readonly string[] })
  | (ErrorFrame & { readonly places?: readonly string[] })
  | (TypingFrame & { readonly place?: string })
  | MembersFrame
  | PlaceFrame
  | CountFrame;
