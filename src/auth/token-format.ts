import { fromBase64url } from './base64url.ts';
import { AuthError, TOKEN_VERSIONS, type TokenVersion } from './principal.ts';

/** Longer tokens are refused before they are parsed: no valid claim set comes near. */
export const MAX_TOKEN_BYTES = 4096;

/** A whole token: header, payload, footer. All of it is ASCII, so its length is its size. */
const TOKEN = /^(v\d+\.(?:local|public))\.[A-Za-z0-9_-]+(?:\.([A-Za-z0-9_-]+))?$/;

const isVersion = (text: string | undefined): text is TokenVersion =>
  TOKEN_VERSIONS.some((version) => version === text);

/** The version and purpose a token claims to have; a metric label, so everything unknown is one word. */
export const authVersionOf = (token: string): TokenVersion | 'other' =>
  TOKEN_VERSIONS.find((version) => token.startsWith(`${version}.`)) ?? 'other';

/** The unencrypted parts of a token. Not authenticated: use them only to choose a key. */
export interface TokenLabel {
  readonly version: TokenVersion;
  /** PASERK id of the key, when the footer names one. */
  readonly kid: string | undefined;
}

/**
 * Reads the unencrypted parts of a token, which costs an attacker more than this service.
 *
 * @throws AuthError when no key could ever open it.
 */
export const labelOf = (token: string): TokenLabel => {
  if (token === '') throw new AuthError('missing', 'A token is required.');
  if (token.length > MAX_TOKEN_BYTES) {
    throw new AuthError('too_long', `The token is longer than ${MAX_TOKEN_BYTES} bytes.`);
  }
  const [whole, version, footer] = TOKEN.exec(token) ?? [];
  if (whole === undefined) throw new AuthError('malformed', 'The token is not a PASETO.');
  if (!isVersion(version)) {
    throw new AuthError('unsupported_version', `The token is none of ${TOKEN_VERSIONS.join(', ')}.`);
  }
  return { version, kid: footer === undefined ? undefined : kidIn(footer) };
};

/** The PASERK id of the key that the footer of a token names. Errors as {@link labelOf}. */
export const keyIdOf = (token: string): string | undefined => labelOf(token).kid;

/** A footer may be anything, and one that names no key is valid. */
const kidIn = (text: string): string | undefined => {
  const bytes = fromBase64url(text);
  if (bytes === undefined) throw new AuthError('malformed', 'The footer of the token is not base64url.');
  const footer = parsed(bytes.toString());
  if (typeof footer !== 'object' || footer === null || !Object.hasOwn(footer, 'kid')) return undefined;
  const { kid } = footer as { kid: unknown };
  if (typeof kid !== 'string') throw new AuthError('unknown_key', 'The token was made with an unknown key.');
  return kid;
};

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};
