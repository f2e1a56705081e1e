import type { Status } from '../domain/model.ts';
import type { ErrorCode } from './codes.ts';

/** What the client learns when it signed in, or renewed. */
export interface Welcome {
  readonly user: string;
  readonly tenant: string;
  readonly expiresAt: string;
  readonly idleAfterMs: number;
  readonly pingIntervalMs: number;
  readonly serverTime: string;
  /** What others see of the user; absent while that is unknown. */
  readonly self?: { readonly status: Status; readonly invisible?: true };
  readonly ref?: string;
}

/** What the client gets no longer. */
export interface Gone {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly tenant?: true;
}

export interface PresenceFrameOptions {
  readonly snapshot?: boolean;
  readonly ref?: string;
  /** Further frames of the same snapshot follow. */
  readonly more?: boolean;
}

const refPart = (ref: string | undefined): string =>
  ref === undefined ? '' : `,"ref":${JSON.stringify(ref)}`;

export const welcomeFrame = (welcome: Welcome): string => JSON.stringify({ type: 'welcome', ...welcome });

/** @param encoded - presence objects that are JSON already: a view is encoded once, however many watch it. */
export const presenceFrame = (encoded: readonly string[], options: PresenceFrameOptions = {}): string =>
  `{"type":"presence","users":[${encoded.join(',')}]${options.snapshot === true ? ',"snapshot":true' : ''}${refPart(
    options.ref,
  )}${options.more === true ? ',"more":true' : ''}}`;

export const goneFrame = (gone: Gone): string => JSON.stringify({ type: 'gone', ...gone });

/** Without `ref` when the client gave none: it still learns that something was done. */
export const ackFrame = (ref: string | undefined): string => `{"type":"ack"${refPart(ref)}}`;

export const pongFrame = (ref: string | undefined): string => `{"type":"pong"${refPart(ref)}}`;

export const errorFrame = (code: ErrorCode, message: string, ref?: string): string =>
  `{"type":"error","code":"${code}","message":${JSON.stringify(message)}${refPart(ref)}}`;

export const reconnectFrame = (afterMs: number): string =>
  `{"type":"reconnect","afterMs":${Math.round(afterMs)}}`;

export const degradedFrame = (on: boolean): string => `{"type":"degraded","on":${on}}`;
