import { textProblem } from './visible-text.ts';

/** Which texts are valid user, group and tenant ids and display names. Pure checks, shared by every surface. */

/** Bytes of UTF-8 a user or group id may have. */
const MAX_ID_BYTES = 128;
/** Bytes of UTF-8 a display name may have: it is repeated to every watcher. */
const MAX_NAME_BYTES = 256;
/** Groups one user may be in. */
export const MAX_GROUPS = 64;
/** Tenant of a token that names none. */
export const DEFAULT_TENANT = 'default';

const TENANT = /^[A-Za-z0-9._-]{1,64}$/;
/** Control characters, and halves of surrogate pairs: those have no UTF-8 form and would come back as another id. */
const FORBIDDEN = /[\p{Cc}\p{Cs}]/u;

const isText = (value: unknown, maxBytes: number): value is string =>
  typeof value === 'string' &&
  value.length > 0 &&
  // One UTF-16 unit is one to three bytes: most texts need no counting, and a huge text gets none.
  value.length <= maxBytes &&
  (value.length * 3 <= maxBytes || Buffer.byteLength(value) <= maxBytes) &&
  !FORBIDDEN.test(value);

/**
 * 1 to 128 bytes of UTF-8 without control characters. `.` and `..` are refused because URL parsers remove
 * such path segments: `/users/..` would name another resource.
 */
export const isUserId = (value: unknown): value is string =>
  isText(value, MAX_ID_BYTES) && value !== '.' && value !== '..';

/** The same rules as {@link isUserId}. */
export const isGroupId = (value: unknown): value is string => isUserId(value);

/** The same rules as {@link isUserId}. */
export const isPlaceId = (value: unknown): value is string => isUserId(value);

/** A real tenant; `*`, which only service tokens carry, is none. No colon, so `tenant:user` stays unambiguous. */
export const isTenantId = (value: unknown): value is string =>
  typeof value === 'string' && TENANT.test(value);

/** A display name: 1 to 256 bytes of UTF-8 that may be shown to others. */
export const isDisplayName = (value: unknown): value is string =>
  isText(value, MAX_NAME_BYTES) && textProblem(value) === undefined;
