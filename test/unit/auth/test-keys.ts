import type { Claims } from 'paseto';
import type { ClaimRules } from '../../../src/auth/claims.ts';
import type { ImportedKey, IssueKey } from '../../../src/auth/key.ts';
import { KeySet } from '../../../src/auth/key-set.ts';
import { importLocalKey } from '../../../src/auth/local-keys.ts';
import { localCipherV4 } from '../../../src/auth/local-v4.ts';
import { type KeyVersion, parsePaserk, serializePaserk } from '../../../src/auth/paserk.ts';
import type { TokenVersion } from '../../../src/auth/principal.ts';
import { signingSuites } from '../../../src/auth/signing-keys.ts';
import { TokenVerifier, type TokenVerifierOptions } from '../../../src/auth/verifier.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { systemClock } from '../../../src/time/clock.ts';

/** Noon of some day, ms: tests move it, never the real clock. */
export const NOW = Date.UTC(2026, 5, 1, 12, 0, 0);
/** RFC 3339, so many seconds from {@link NOW}. */
export const at = (seconds: number): string => new Date(NOW + seconds * 1_000).toISOString();

/** 32 bytes that serve as key material under every version. */
export const MATERIAL = new Uint8Array(
  Buffer.from('a0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8e9f', 'hex'),
);

export interface TestKey {
  readonly version: TokenVersion;
  /** PASERK of what verifies, and of what issues. */
  readonly verifying: string;
  readonly issuing: string;
  readonly issue: IssueKey;
}

const issueKey = (key: ImportedKey): IssueKey => {
  if (key.issue === undefined) throw new Error('this key issues nothing');
  return key.issue;
};

/** A new key of a version and purpose. */
export const makeKey = async (version: TokenVersion): Promise<TestKey> => {
  const number = Number(version[1]) as KeyVersion;
  if (version.endsWith('.local')) {
    const text = serializePaserk(number, 'local', crypto.getRandomValues(new Uint8Array(32)));
    return {
      version,
      verifying: text,
      issuing: text,
      issue: issueKey(importLocalKey[number](parsePaserk(text))),
    };
  }
  const pair = await signingSuites[number].generate();
  const issue = issueKey(await signingSuites[number].importKey(parsePaserk(pair.secret)));
  return { version, verifying: pair.public, issuing: pair.secret, issue };
};

export const keySet = (...texts: string[]): Promise<KeySet> => KeySet.import(texts.map(parsePaserk), 'test');

/** Claims of a token that is good. */
export const goodClaims = (changes: Claims = {}): Claims => ({
  sub: 'ann',
  iat: at(0),
  exp: at(3_600),
  ...changes,
});

/** A v4.local token around any bytes: for claims that no library would write. */
export const rawToken = (payload: string, footer = '', key: Uint8Array = MATERIAL): string => {
  const sealed = localCipherV4(key).seal(
    new Uint8Array(Buffer.from(payload)),
    new Uint8Array(Buffer.from(footer)),
    new Uint8Array(),
    crypto.getRandomValues(new Uint8Array(32)),
  );
  const body = `v4.local.${Buffer.from(sealed).toString('base64url')}`;
  return footer === '' ? body : `${body}.${Buffer.from(footer).toString('base64url')}`;
};
/** The key that {@link rawToken} uses. */
export const RAW_KEY = serializePaserk(4, 'local', MATERIAL);

export const RULES: ClaimRules = { maxTtlSeconds: 30 * 86_400 };

export const makeVerifier = (current: KeySet, options: Partial<TokenVerifierOptions> = {}) => {
  const metrics = createMetrics();
  const verifier = new TokenVerifier({
    keys: { current },
    rules: RULES,
    metrics,
    clock: { ...systemClock, wall: () => NOW },
    ...options,
  });
  return { verifier, metrics };
};
