import type { WelcomeFrame } from '../protocol/frames.ts';
import type { TokenRequest } from '../types.ts';
import type { Turn } from './turn.ts';

/** How long the application may take, ms. */
const REQUEST_MS = 10_000;
/** A token that ends sooner is not dialled with. */
const SPARE_MS = 30_000;
/** Until `welcome` says when a token ends, it serves for so long, ms. */
const UNSEEN_MS = 60_000;
const NEVER = Number.NEGATIVE_INFINITY;

/** Renewal begins when this much of the life is left, at least and at most, ms. */
const EARLIEST_MS = 300_000;
const LATEST_MS = 10_000;
const SHARE = 0.2;
/** Tabs of one browser renew at different moments. */
const SPREAD = 0.1;

/** Asks the application, unless it is being asked. */
export const askToken = (turn: Turn, reason: TokenRequest['reason']): void => {
  if (turn.state.token.request) return;
  const id = Number(turn.ref());
  turn.state.token = { ...turn.state.token, request: { id, reason } };
  turn.later('token', turn.now + REQUEST_MS);
  turn.do({ do: 'ask_token', request: id, reason });
};

/** The application has answered, or will not be listened to. */
export const endRequest = (turn: Turn): void => {
  const { request: _request, ...token } = turn.state.token;
  turn.state.token = token;
  turn.cancel('token');
};

export const isUsable = (turn: Turn): boolean => turn.now < turn.state.token.usableUntil;

/** Keeps a token that nobody has seen yet. */
export const keepToken = (turn: Turn, value: string): void => {
  turn.state.token = { ...turn.state.token, value, usableUntil: turn.now + UNSEEN_MS };
};

export const forgetToken = (turn: Turn): void => {
  turn.state.token = { usableUntil: NEVER, strikes: 0 };
};

/**
 * The service took the token. Its life is counted by the server's clock alone: those of devices are wrong.
 */
export const tookToken = (turn: Turn, { expiresAt, serverTime }: WelcomeFrame): void => {
  const { renewing, ...token } = turn.state.token;
  const lifeMs = Math.max(0, Date.parse(expiresAt) - Date.parse(serverTime));
  const leadMs =
    Math.max(LATEST_MS, Math.min(EARLIEST_MS, lifeMs * SHARE)) * turn.between(1 - SPREAD, 1 + SPREAD);
  turn.state.token = {
    ...token,
    ...(renewing && { value: renewing.value }),
    usableUntil: turn.now + lifeMs - SPARE_MS,
    strikes: 0,
  };
  // One that lives shorter than the lead is renewed at half its life, never at once: that would be a loop.
  turn.later('renew', turn.now + Math.max(lifeMs - leadMs, lifeMs / 2, 1_000));
};
