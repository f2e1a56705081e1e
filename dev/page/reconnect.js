const BASE_MS = 500;
const CAP_MS = 15_000;
/** For a server that said it has too much to do. */
const SLOW_BASE_MS = 4_000;

/** Full jitter: anywhere between nothing and the doubled span, so that a crowd never comes back in one wave. */
export const jittered = (attempt, slow, random = Math.random) =>
  random() * Math.min(CAP_MS, (slow ? SLOW_BASE_MS : BASE_MS) * 2 ** attempt);

/** What each close code asks of a client; one that is not listed is a lost connection. */
const CODES = {
  1000: { retry: false, text: 'Goodbye said' },
  1009: { retry: true, text: 'A frame was too large' },
  1012: { retry: true, text: 'The node is restarting' },
  1013: { retry: true, slow: true, text: 'The node is overloaded' },
  4400: { retry: false, text: 'The service did not understand this page' },
  4401: { retry: true, text: 'The token was refused' },
  4403: { retry: false, text: 'Disconnected by an operator' },
  4408: { retry: true, text: 'The service heard nothing from here in time' },
  4409: { retry: false, text: 'Too many connections of this person: the oldest was closed' },
  4429: { retry: true, slow: true, text: 'Too many frames' },
};

export const meaningOf = (code) => CODES[code] ?? { retry: true, text: 'Connection lost' };
