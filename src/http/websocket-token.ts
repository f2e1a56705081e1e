import type { IncomingMessage } from 'node:http';
import { AuthError } from '../auth/principal.ts';
import { bearerToken } from './auth.ts';

/** The one subprotocol there is. Its companion `bearer.<token>` only carries the token: browsers can set no header. */
export const SUBPROTOCOL = 'rollcall.v1';
const BEARER = 'bearer.';

interface OfferedToken {
  /** An error when it is where none may be, or is none. */
  readonly token: string | AuthError;
  /** Came in a header, so its client can read the status of a refused upgrade. */
  readonly inHeader: boolean;
}

const queryTokens = new WeakMap<IncomingMessage, string>();

/** Takes a token out of the URL before anything can log it; {@link offeredToken} finds it again. */
export const hideQueryToken = (request: IncomingMessage): void => {
  const [path = '', query] = (request.url ?? '').split('?', 2);
  if (query === undefined) return;
  const params = new URLSearchParams(query);
  const token = params.get('token');
  if (token === null) return;
  params.delete('token');
  queryTokens.set(request, token);
  request.url = params.size === 0 ? path : `${path}?${params}`;
};

const subprotocolToken = (header: string | undefined): string | undefined =>
  header
    ?.split(',')
    .map((part) => part.trim())
    .find((part) => part.startsWith(BEARER))
    ?.slice(BEARER.length);

const headerToken = (header: string): string | AuthError => {
  try {
    return bearerToken(header);
  } catch (error) {
    if (error instanceof AuthError) return error;
    throw error;
  }
};

/** The token an upgrade came with, `undefined` when it came without one. */
export const offeredToken = (request: IncomingMessage, allowQuery: boolean): OfferedToken | undefined => {
  const { authorization } = request.headers;
  const fromProtocol = subprotocolToken(request.headers['sec-websocket-protocol']);
  // A browser behind a proxy with a password sends `Authorization: Basic` along with everything.
  if (authorization !== undefined && (fromProtocol === undefined || /^bearer\b/i.test(authorization))) {
    return { token: headerToken(authorization), inHeader: true };
  }
  if (fromProtocol !== undefined) return { token: fromProtocol, inHeader: false };
  const fromQuery = queryTokens.get(request);
  if (fromQuery === undefined) return undefined;
  const refused = new AuthError('malformed', 'this service takes no token in the URL');
  return { token: allowQuery ? fromQuery : refused, inHeader: false };
};
