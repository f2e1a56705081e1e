import { InspectFooter } from 'paseto';
import { AuthError, TOKEN_VERSIONS, type TokenVersion } from './principal.ts';

/** Longer tokens are refused before anything looks into them: no claim set of ours comes near. */
export const MAX_TOKEN_BYTES = 4096;

/** A whole token. All of it is ASCII, so its length is its size. */
const TOKEN = /^v\d+\.(?:local|public)\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?$/;

/** The version and purpose a token claims to have; a metric label, so everything unknown is one word. */
export const authVersionOf = (token: string): TokenVersion | 'other' =>
  TOKEN_VERSIONS.find((version) => token.startsWith(`${version}.`)) ?? 'other';

/**
 * Looks at the outside of a token, which costs an attacker more than it costs us.
 *
 * @returns its version and purpose.
 * @throws AuthError when no key could ever open it.
 */
export const checkFormat = (token: string): TokenVersion => {
  if (token === '') throw new AuthError('missing', 'A token is required.');
  if (token.length > MAX_TOKEN_BYTES) {
    throw new AuthError('too_long', `The token is longer than ${MAX_TOKEN_BYTES} bytes.`);
  }
  if (!TOKEN.test(token)) throw new AuthError('malformed', 'The token is not a PASETO.');
  const version = authVersionOf(token);
  if (version === 'other') {
    throw new AuthError('unsupported_version', `The token is none of ${TOKEN_VERSIONS.join(', ')}.`);
  }
  return version;
};

/**
 * The `kid` in the footer, not authenticated yet: good for choosing a key and nothing else.
 *
 * @returns `undefined` when the footer names no key, which is no mistake: a footer may be anything.
 * @throws AuthError when it names a key in a way that cannot be right.
 */
export const keyIdOf = (token: string): string | undefined => {
  const footer = parseFooter(token);
  if (typeof footer !== 'object' || footer === null || !Object.hasOwn(footer, 'kid')) return undefined;
  const { kid } = footer as { kid: unknown };
  if (typeof kid !== 'string') throw new AuthError('unknown_key', 'The token names no known key.');
  return kid;
};

const parseFooter = (token: string): unknown => {
  let footer: Uint8Array;
  try {
    footer = InspectFooter(token);
  } catch {
    throw new AuthError('malformed', 'The footer of the token is not base64url.');
  }
  if (footer.length === 0) return undefined;
  try {
    return JSON.parse(Buffer.from(footer).toString());
  } catch {
    return undefined;
  }
};
