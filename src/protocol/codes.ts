/**
 * Whether a client dials again after a close. `yes`: with growing, random delays, and after a restart when the node said.
 * `after a while`: the same, but the first delay is already a long one. `with a new token`: the one it had opens nothing
 * any more. `no`: only when its user or its operator does something about it.
 */
export type ReconnectAdvice = 'yes' | 'with a new token' | 'after a while' | 'no';

/** What a WebSocket of this service is closed with. The docs and the clients take their tables from here. */
export interface CloseCode {
  readonly name: string;
  readonly reconnect: ReconnectAdvice;
  /** For people: what happened, and what a client does about it. */
  readonly meaning: string;
}

/** Codes below 4000 are of RFC 6455, 1012 and 1013 of the IANA registry. */
export const CLOSE_CODES = {
  1000: {
    name: 'goodbye',
    reconnect: 'no',
    meaning: 'The client said `bye`, or its user was logged out.',
  },
  1009: {
    name: 'frame_too_big',
    reconnect: 'after a while',
    meaning:
      'A frame was larger than `MAX_FRAME_BYTES`, came in more than 64 fragments, was not finished within `PING_INTERVAL_MS`, or was unfinished when those of all clients took too much. Never send that frame again as it was.',
  },
  1012: {
    name: 'restarting',
    reconnect: 'yes',
    meaning:
      'This node is shutting down. The `reconnect` frame before it says after how long to come back; without one, within two seconds at random.',
  },
  1013: {
    name: 'overloaded',
    reconnect: 'after a while',
    meaning: 'This node takes no more connections now.',
  },
  4400: {
    name: 'protocol_error',
    reconnect: 'no',
    meaning: 'A binary frame, or ten malformed frames within a minute. The client has a bug.',
  },
  4401: {
    name: 'unauthorized',
    reconnect: 'with a new token',
    meaning: 'No token where one was needed, a bad one, or one that ran out.',
  },
  4403: {
    name: 'forbidden',
    reconnect: 'no',
    meaning:
      'The token allows nothing here, was revoked, or an operator ended the connection. A user who may come back signs in again.',
  },
  4408: {
    name: 'timeout',
    reconnect: 'yes',
    meaning: 'No answer to a ping in time, or no `auth` in time.',
  },
  4409: {
    name: 'replaced',
    reconnect: 'no',
    meaning:
      'The user has more than `MAX_CONNECTIONS_PER_USER` connections on this node; the oldest went. Dialling again by itself would only replace another one.',
  },
  4429: {
    name: 'flooding',
    reconnect: 'after a while',
    meaning: 'Twice `FRAME_RATE` frames were over the limit within one second. Send less.',
  },
} as const satisfies Readonly<Record<number, CloseCode>>;

export type CloseCodeNumber = keyof typeof CLOSE_CODES;

/** What an `error` frame may say. The connection stays open after each of them. */
export const ERROR_CODES = {
  bad_frame: { meaning: 'The frame is not JSON, or not an object. Counts towards 4400.' },
  unknown_type: { meaning: 'There is no such `type`. Counts towards 4400.' },
  invalid: {
    meaning:
      'A field is missing or has a value it may not have; malformed frames count towards 4400. For a renewal: the token is of another user or tenant, or older than the current one.',
  },
  forbidden: { meaning: 'The token does not have the scope for this, or the policy hides whom it asks for.' },
  unauthorized: {
    meaning: 'The token of a renewal is not good. The connection lives on until the current token runs out.',
  },
  rate_limited: {
    meaning:
      'Over `FRAME_RATE`: the frame was dropped. Going on like this is closed with 4429. For a watch: its person was shown so much that it would wait too long.',
  },
  too_many_watches: {
    meaning:
      'The watch would go beyond `MAX_WATCHES`, `MAX_NODE_WATCHES` or `TENANT_WATCH_MAX`. Nothing was registered.',
  },
  too_many_places: {
    meaning:
      'The connection is in `MAX_PLACES_PER_CONNECTION` places, or its person in 64 or with 16 KiB of data in all. It was not entered, or keeps the data it had.',
  },
  unavailable: {
    meaning:
      'The answer is not known now, or what was said was not stored in time (it may still take effect). A watch was not registered. Try again.',
  },
} as const satisfies Readonly<Record<string, { readonly meaning: string }>>;

export type ErrorCode = keyof typeof ERROR_CODES;
