import { CLOSE_CODES } from './codes.js';

const BASE_MS = 500;
const CAP_MS = 15_000;
/** For a server that said it has too much to do. */
const SLOW_BASE_MS = 4_000;

/** Full jitter: anywhere between nothing and the doubled span, so that a crowd never comes back in one wave. */
export const jittered = (attempt, slow, random = Math.random) =>
  random() * Math.min(CAP_MS, (slow ? SLOW_BASE_MS : BASE_MS) * 2 ** attempt);

const TEXTS = {
  1000: 'Goodbye said',
  1009: 'A frame was too large',
  1012: 'The node is restarting',
  1013: 'The node is overloaded',
  4400: 'The service did not understand this page',
  4401: 'The token was refused',
  4403: 'Disconnected by an operator',
  4408: 'The service heard nothing from here in time',
  4409: 'Too many connections of this person: the oldest was closed',
  4429: 'Too many frames',
};

/** What a close code asks of this page, which fetches a new token for each try; an unknown one is a lost connection. */
export const meaningOf = (code) => {
  const advice = CLOSE_CODES[code]?.reconnect ?? 'yes';
  return { retry: advice !== 'no', slow: advice === 'after a while', text: TEXTS[code] ?? 'Connection lost' };
};
