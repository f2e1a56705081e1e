import type { PresenceFrame, ServerFrame } from './frames.ts';

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

/** Every frame that this client understands. */
export type Incoming =
  | Exclude<ServerFrame, { readonly type: 'presence' | 'members' }>
  | (PresenceFrame & { readonly group?: string })
  | MembersFrame;
