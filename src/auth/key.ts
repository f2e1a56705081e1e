import type { Claims } from 'paseto';
import type { TokenVersion } from './principal.ts';

/** One key that opens tokens of exactly one version and purpose. Keeps key material out of reach of any logger. */
export interface VerifyKey {
  readonly version: TokenVersion;
  /** PASERK ids under which a footer may name it: `lid`, or `pid` and, when the secret half is known, `sid`. */
  readonly ids: readonly string[];
  /**
   * Verifies or decrypts. Claims come back with their form checked (JSON object, RFC 3339 times, string `sub`, `aud`
   * and `iss`) and nothing else: times are judged by the caller.
   *
   * @param implicit - authenticated data outside the token (versions 3 and 4); ours have none.
   * @returns `undefined` when this key did not make the token.
   * @throws AuthError when it did, and the token is still not valid.
   */
  open(token: string, implicit?: Uint8Array): Promise<Claims | undefined>;
}

/** One key that makes tokens. */
export interface IssueKey {
  readonly version: TokenVersion;
  /** PASERK id that goes into the footer. */
  readonly kid: string;
  /** @param claims - complete, `exp` included: nothing is added. */
  seal(claims: Claims): Promise<string>;
}

/** What one PASERK key can do. */
export interface ImportedKey {
  readonly verify: VerifyKey;
  /** Absent for public keys. */
  readonly issue?: IssueKey;
}
