import type { TLocalizedValidationError } from 'typebox/error';
import type { Note, OwnClaim } from '../domain/model.ts';
import {
  type ActivityFrame,
  type AuthFrame,
  type ByeFrame,
  CLIENT_FRAMES,
  FRAME_TYPES,
  isRef,
  type LeaveFrame,
  type PingFrame,
  type TypingFrame,
  type UnwatchFrame,
  type WatchFrame,
} from './client-frames.ts';
import type { ErrorCode } from './codes.ts';
import { checkFor, type FirstError } from './first-error.ts';
import { isWithinBounds } from './json-bounds.ts';
import { parsePlaceData } from './place-data.ts';
import { FieldError, parseNoteFields, parseStatusFields } from './status-fields.ts';

/** A `status` frame with its fields read: `until` is ms since the epoch. */
export interface StatusFrame {
  readonly type: 'status';
  readonly ref?: string;
  readonly claim: Omit<OwnClaim, 'stamp'>;
}

/** A `note` frame with its fields read. */
export interface NoteFrame {
  readonly type: 'note';
  readonly ref?: string;
  readonly note: Omit<Note, 'stamp'>;
}

/** An `enter` frame with its data read: JSON text. */
export interface EnterFrame {
  readonly type: 'enter';
  readonly ref?: string;
  readonly place: string;
  readonly data?: string;
}

export type ClientFrame =
  | AuthFrame
  | WatchFrame
  | UnwatchFrame
  | ActivityFrame
  | StatusFrame
  | NoteFrame
  | EnterFrame
  | LeaveFrame
  | TypingFrame
  | PingFrame
  | ByeFrame;

/** What is wrong with a frame, as the `error` frame will say it. */
interface FrameError {
  readonly code: Extract<ErrorCode, 'bad_frame' | 'unknown_type' | 'invalid'>;
  readonly message: string;
  /** Set wherever it could be read, so that the pending request gets its answer. */
  readonly ref?: string;
}

export type ParsedFrame =
  | { readonly frame: ClientFrame; readonly error?: never }
  | { readonly frame?: never; readonly error: FrameError };

/** A Map, because a `type` of `constructor` must find nothing. */
const CHECKS = new Map<string, FirstError>(FRAME_TYPES.map((type) => [type, checkFor(CLIENT_FRAMES[type])]));

/**
 * Levels of nesting in a frame: more than any field has, and than a newer client will. How many values there may be
 * follows from the size of the frame.
 */
const BOUNDS = { depth: 32, values: Number.POSITIVE_INFINITY } as const;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parseJson = (text: string): unknown => {
  if (!isWithinBounds(text, BOUNDS)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const usableRef = (value: Record<string, unknown>): string | undefined =>
  isRef(value['ref']) ? value['ref'] : undefined;

const problem = (code: FrameError['code'], message: string, ref?: string): ParsedFrame => ({
  error: { code, message, ...(ref !== undefined && { ref }) },
});

/** The values a field may have, for the kinds of error that do not say so themselves. */
const allowed = ({ keyword, params }: TLocalizedValidationError): string => {
  if (keyword === 'enum') return `must be one of ${params.allowedValues.join(', ')}`;
  if (keyword === 'const') return `must be ${String(params.allowedValue)}`;
  return '';
};

/** `/users/3` becomes `users.3`, then what is wrong with it. */
const explain = (error: TLocalizedValidationError): string => {
  const path = error.instancePath.slice(1).replaceAll('/', '.');
  return `${path === '' ? 'the frame' : path} ${allowed(error) || error.message}`;
};

const TARGETS = ['user', 'group', 'place'];

/** What no schema of single fields can say. */
const semanticProblem = (frame: Record<string, unknown>): string | undefined => {
  const { type, to } = frame;
  if (type === 'typing') {
    // Each alternative ignores the fields of others: without this, one of two addressees would be picked in silence.
    return isObject(to) && TARGETS.filter((target) => target in to).length > 1
      ? 'to must name one of user, group and place'
      : undefined;
  }
  return type === 'watch' || type === 'unwatch' ? watchProblem(frame) : undefined;
};

const watchProblem = ({ users, groups, places, tenant, top, count }: Record<string, unknown>) => {
  if ((users ?? groups ?? places ?? tenant) === undefined)
    return 'the frame must name users, groups, places or tenant';
  if (top !== undefined && places === undefined) return 'top is for places';
  if (count === undefined) return undefined;
  if (users !== undefined) return 'count is for groups, places and tenant: users are not counted';
  return top === undefined ? undefined : 'top names people and count numbers: ask for one of them';
};

/** The frame with those fields read that HTTP takes as well. @throws FieldError */
const readFields = (value: Record<string, unknown>, now: number): ClientFrame => {
  const { type, data } = value;
  const ref = usableRef(value);
  const reference = ref !== undefined && { ref };
  if (type === 'status') return { type, claim: parseStatusFields(value, now), ...reference };
  if (type === 'note') return { type, note: parseNoteFields(value, now), ...reference };
  if (type !== 'enter') return value as unknown as ClientFrame;
  const place = value['place'] as string;
  return { type, place, ...(data !== undefined && { data: parsePlaceData(data) }), ...reference };
};

/**
 * Reads one text frame of a client. Unknown fields are ignored.
 *
 * @param now - ms since the epoch, which `until` must lie after.
 */
export const parseClientFrame = (text: string, now: number): ParsedFrame => {
  const value = parseJson(text);
  if (!isObject(value)) return problem('bad_frame', 'a frame is one JSON object');
  const ref = usableRef(value);
  const type = value['type'];
  const check = typeof type === 'string' ? CHECKS.get(type) : undefined;
  if (check === undefined)
    return problem('unknown_type', `type must be one of ${FRAME_TYPES.join(', ')}`, ref);
  const wrong = check(value);
  if (wrong !== undefined) return problem('invalid', explain(wrong), ref);
  const semantic = semanticProblem(value);
  if (semantic !== undefined) return problem('invalid', semantic, ref);
  try {
    return { frame: readFields(value, now) };
  } catch (error) {
    if (error instanceof FieldError) return problem('invalid', error.message, ref);
    throw error;
  }
};

/**
 * Reads the first frame of a socket that has not signed in, reading nothing but its `type` unless it is `auth`: no
 * principal is responsible for it yet.
 *
 * @returns `undefined` when it does not sign in.
 */
export const parseFirstFrame = (text: string): AuthFrame | undefined => {
  const value = parseJson(text);
  if (!isObject(value) || value['type'] !== 'auth') return undefined;
  return CHECKS.get('auth')?.(value) === undefined ? (value as unknown as AuthFrame) : undefined;
};

/** The `ref` of a frame that is dropped unread, if it has one. */
export const refOf = (text: string): string | undefined => {
  const value = parseJson(text);
  return isObject(value) ? usableRef(value) : undefined;
};
