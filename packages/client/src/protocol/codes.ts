// Made from src/protocol of the service by `npm run docs`: do not edit. It is all that client and service share.

/** Whether a client dials again after a close, by its code. */
export const RECONNECT = {
  /** goodbye */
  1000: 'no',
  /** frame_too_big */
  1009: 'after a while',
  /** restarting */
  1012: 'yes',
  /** overloaded */
  1013: 'after a while',
  /** protocol_error */
  4400: 'no',
  /** unauthorized */
  4401: 'with a new token',
  /** forbidden */
  4403: 'no',
  /** timeout */
  4408: 'yes',
  /** replaced */
  4409: 'no',
  /** flooding */
  4429: 'after a while',
} as const;

export type CloseCodeNumber = keyof typeof RECONNECT;
export type ReconnectAdvice = (typeof RECONNECT)[CloseCodeNumber];

/** What an `error` frame may say. */
export type ErrorCode =
  | 'bad_frame'
  | 'unknown_type'
  | 'invalid'
  | 'forbidden'
  | 'unauthorized'
  | 'rate_limited'
  | 'too_many_watches'
  | 'too_many_places'
  | 'unavailable';
