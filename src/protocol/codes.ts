/** What a WebSocket of this service is closed with. The docs and the clients take their tables from here. */
export interface CloseCode {
  readonly name: string;
  /** For people: what happened, and what a client does about it. */
  readonly meaning: string;
}

/** Codes below 4000 are of RFC 6455, 1012 and 1013 of the IANA registry. */
export const CLOSE_CODES = {
  1000: { name: 'goodbye', meaning: 'The client said `bye`. It is done: do not reconnect.' },
  1009: {
    name: 'frame_too_big',
    meaning:
      'A frame was larger than `MAX_FRAME_BYTES`, came in more than 64 fragments, was not finished within `PING_INTERVAL_MS`, or was unfinished when those of all clients took too much. Reconnect, but never send that frame again.',
  },
  1012: {
    name: 'restarting',
    meaning:
      'This node is shutting down. Reconnect after the delay in the `reconnect` frame, or after a short random time without one.',
  },
  1013: {
    name: 'overloaded',
    meaning: 'This node takes no more connections now. Reconnect with growing, random delays.',
  },
  4400: {
    name: 'protocol_error',
    meaning:
      'A binary frame, or ten malformed frames within a minute. The client has a bug: do not reconnect at once.',
  },
  4401: {
    name: 'unauthorized',
    meaning:
      'No token where one was needed, a bad one, or one that ran out. Get a new token, then reconnect with that.',
  },
  4403: {
    name: 'forbidden',
    meaning:
      'The token allows nothing here, was revoked, or an operator ended the connection. Do not reconnect with the same token.',
  },
  4408: {
    name: 'timeout',
    meaning: 'No answer to a ping in time, or no `auth` in time. Reconnect.',
  },
  4409: {
    name: 'replaced',
    meaning:
      'The user has more than `MAX_CONNECTIONS_PER_USER` connections on this node; the oldest went. Do not reconnect: that would only replace another one.',
  },
  4429: {
    name: 'flooding',
    meaning:
      'Twice `FRAME_RATE` frames were over the limit within one second. Reconnect later, and send less.',
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
  unavailable: {
    meaning:
      'The answer is not known now, or the status was not stored in time (it may still take effect). A watch was not registered. Try again.',
  },
} as const satisfies Readonly<Record<string, { readonly meaning: string }>>;

export type ErrorCode = keyof typeof ERROR_CODES;
