import { RollcallError } from '../errors.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { abandon, dial, leave, redial, retryLater, unauthorized } from './dial.ts';
import { forgetPerson } from './memory.ts';
import { askToken, endRequest, keepToken } from './token.ts';
import type { Turn } from './turn.ts';

/** A renewal that failed is tried again after so long, random, ms. */
const AGAIN_MS = [5_000, 10_000] as const;
/** For the answer to a renewal, ms. */
const ANSWER_MS = 10_000;

const renewLater = (turn: Turn): void => turn.later('renew', turn.now + turn.between(...AGAIN_MS));

const renew = (turn: Turn, value: string, again: boolean): void => {
  const ref = turn.ref();
  turn.state.token = { ...turn.state.token, renewing: { ref, value, again } };
  turn.send({ type: 'auth', token: value, ref });
  turn.later('renew', turn.now + ANSWER_MS);
};

/** The application gave a token, or says that nobody is signed in. */
export const gotToken = (turn: Turn, request: number, value: string | null): void => {
  const { token, link } = turn.state;
  if (token.request?.id !== request) return;
  const { reason } = token.request;
  endRequest(turn);
  if (value === null) {
    leave(turn, 'signed_out', []);
    return;
  }
  if (link.at === 'up') {
    renew(turn, value, reason === 'rejected');
    return;
  }
  if (link.at !== 'asking') return;
  if (reason === 'rejected' && value === token.value) {
    unauthorized(turn);
    return;
  }
  keepToken(turn, value);
  dial(turn, value);
};

/** The application could not give one. The connection lives on until the current one ends. */
export const tokenFailed = (turn: Turn, request: number, message: string): void => {
  const { token, link } = turn.state;
  if (token.request?.id !== request) return;
  endRequest(turn);
  turn.tell(new RollcallError('token_failed', message));
  if (link.at === 'up') {
    renewLater(turn);
    return;
  }
  if (link.at === 'asking') retryLater(turn);
};

export const tokenDue = (turn: Turn): void => {
  const id = turn.state.token.request?.id;
  if (id === undefined) return;
  turn.do({ do: 'drop_token' });
  tokenFailed(turn, id, 'getToken took too long');
};

/** Time to renew, or a renewal was not answered. */
export const renewDue = (turn: Turn): void => {
  if (!turn.isUp) return;
  const { renewing: _renewing, ...token } = turn.state.token;
  turn.state.token = token;
  askToken(turn, 'expiring');
};

/** An `error` that answers a renewal. The connection stays until its token ends. */
export const renewalRefused = (turn: Turn, code: ErrorCode): void => {
  const { renewing, ...token } = turn.state.token;
  if (!renewing) return;
  turn.state.token = token;
  if (code === 'invalid') {
    // Of another person: the application changed it without `reset()`. Nothing of the former one may be shown.
    forgetPerson(turn);
    keepToken(turn, renewing.value);
    redial(turn);
    return;
  }
  if (code !== 'unauthorized' || renewing.again) {
    turn.tell(new RollcallError(code, 'the service refused to renew the token'));
    renewLater(turn);
    return;
  }
  turn.cancel('renew');
  askToken(turn, 'rejected');
};

/** The connection hangs. */
export const silent = (turn: Turn): void => abandon(turn, 'nothing heard');
