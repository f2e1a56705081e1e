import type { Status } from '../domain/model.ts';
import type { ErrorCode } from './codes.ts';
import type { NoteShown } from './presence.ts';

/** What one connection may send and hold. */
export interface WelcomeLimits {
  /** Bytes of one frame. */
  readonly frameBytes: number;
  /** Frames a second, and how many more at once. */
  readonly frameRate: number;
  readonly frameBurst: number;
  /** Users watched at once. */
  readonly watches: number;
  /** Changes of data a second and at once, bytes of them as JSON, and places at once. */
  readonly place: {
    readonly rate: number;
    readonly burst: number;
    readonly dataBytes: number;
    readonly places: number;
  };
}

/** What others see of the person, and what is true. */
export interface Self {
  readonly status: Status;
  readonly invisible?: true;
  readonly claim?: NoteShown & { readonly status: string };
  readonly note?: NoteShown;
}

/** What the client learns when it signed in, or renewed. */
export interface Welcome {
  readonly user: string;
  readonly tenant: string;
  readonly expiresAt: string;
  readonly idleAfterMs: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly graceMs: number;
  readonly serverTime: string;
  readonly limits: WelcomeLimits;
  /** Absent while it is unknown. */
  readonly self?: Self;
  readonly ref?: string;
}

/** What the client gets no longer. */
export interface Gone {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly places?: readonly string[];
  readonly tenant?: true;
}

const refPart = (ref: string | undefined): string =>
  ref === undefined ? '' : `,"ref":${JSON.stringify(ref)}`;

export const welcomeFrame = (welcome: Welcome): string => JSON.stringify({ type: 'welcome', ...welcome });

export const selfFrame = (self: Self): string => JSON.stringify({ type: 'self', ...self });

/** How the list of a watched group changed. */
export interface Members {
  readonly group: string;
  readonly joined?: readonly string[];
  readonly left?: readonly string[];
}

export const membersFrame = (members: Members): string => JSON.stringify({ type: 'members', ...members });

export const goneFrame = (gone: Gone): string => JSON.stringify({ type: 'gone', ...gone });

/** Without `ref` when the client gave none: it still learns that something was done. */
export const ackFrame = (ref: string | undefined): string => `{"type":"ack"${refPart(ref)}}`;

export const pongFrame = (ref: string | undefined): string => `{"type":"pong"${refPart(ref)}}`;

/** What of a request was refused, where that can be said. */
interface Refused {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly places?: readonly string[];
}

/** @param refused - which of the users, groups and places asked for were refused, where that can be said. */
export const errorFrame = (
  code: ErrorCode,
  message: string,
  ref?: string,
  { users, groups, places }: Refused = {},
): string => {
  const named = JSON.stringify({ users, groups, places }).slice(1, -1);
  const which = named === '' ? '' : `,${named}`;
  return `{"type":"error","code":"${code}","message":${JSON.stringify(message)}${refPart(ref)}${which}}`;
};

/** Where a user types; to a user, the reader alone is meant. */
type TypingTarget = { readonly user: string } | { readonly group: string } | { readonly place: string };

export const typingFrame = (from: string, to: TypingTarget, on: boolean): string =>
  JSON.stringify({ type: 'typing', from, ...(!('user' in to) && to), on });

export const reconnectFrame = (afterMs: number): string =>
  `{"type":"reconnect","afterMs":${Math.round(afterMs)}}`;

export const degradedFrame = (on: boolean): string => `{"type":"degraded","on":${on}}`;
