import { describe, expect, it } from 'vitest';
import type { ClaimRules } from '../../../src/auth/claims.ts';
import { generateSigningKeys } from '../../../src/auth/generate-keys.ts';
import { IssueError, type IssueRequest, TokenIssuer } from '../../../src/auth/issuer.ts';
import { TOKEN_VERSIONS } from '../../../src/auth/principal.ts';
import { labelOf } from '../../../src/auth/token-format.ts';
import { keySet, makeKey, makeVerifier, NOW, RAW_KEY, RULES } from './test-keys.ts';

const request = (changes: Partial<IssueRequest> = {}): IssueRequest => ({
  user: 'ann',
  tenant: 'acme',
  ttlSeconds: 600,
  ...changes,
});
const setUp = async (text = RAW_KEY, rules: ClaimRules = RULES, now = NOW) => {
  const current = await keySet(text);
  const issuer = new TokenIssuer({ keys: { current }, rules, clock: { wall: () => now } });
  return { issuer, verifier: makeVerifier(current, { rules }).verifier };
};

describe.each(TOKEN_VERSIONS)('an issued %s token', (version) => {
  it('is accepted here and says what was asked for', async () => {
    const key = await makeKey(version);
    const { issuer, verifier } = await setUp(key.issuing);
    const { token, expiresAt } = await issuer.issue(
      request({ groups: ['g'], name: 'Ann', scope: 'connect watch:tenant' }),
    );
    expect(token.startsWith(`${version}.`)).toBe(true);
    expect(labelOf(token)).toEqual({ version, kid: key.issue.kid });
    expect(expiresAt).toBe(NOW + 600_000);
    expect(await verifier.verify(token)).toEqual({
      tenant: 'acme',
      user: 'ann',
      groups: ['g'],
      name: 'Ann',
      scopes: new Set(['connect', 'watch:tenant']),
      iat: NOW / 1_000,
      exp: NOW / 1_000 + 600,
    });
  });
});

describe('the issuer', () => {
  it('puts in the audience and issuer that this service demands', async () => {
    const { issuer, verifier } = await setUp(RAW_KEY, { ...RULES, audience: 'rollcall', issuer: 'me' });
    expect((await verifier.verify((await issuer.issue(request())).token)).user).toBe('ann');
  });

  it('leaves out what was not asked for', async () => {
    const { issuer, verifier } = await setUp();
    const principal = await verifier.verify((await issuer.issue(request())).token);
    expect(principal).not.toHaveProperty('groups');
    expect(principal.scopes).toEqual(new Set(['connect', 'watch']));
  });

  it('counts in whole seconds and takes another time of issue', async () => {
    const { issuer, verifier } = await setUp(RAW_KEY, RULES, NOW + 999);
    const { token, expiresAt } = await issuer.issue(request({ iat: NOW / 1_000 - 60 }));
    expect(expiresAt).toBe(NOW + 600_000);
    expect(await verifier.verify(token)).toMatchObject({ iat: NOW / 1_000 - 60, exp: NOW / 1_000 + 600 });
  });

  it.each<[string, Partial<IssueRequest>]>([
    ['a user that is none', { user: '..' }],
    ['a tenant that is none', { tenant: 'a b' }],
    ['any tenant for somebody who connects', { tenant: '*' }],
    ['a group that is none', { groups: ['a', ''] }],
    ['a prefix without a delimiter', { places: ['doc*'] }],
    ['65 groups', { groups: Array.from({ length: 65 }, (_, index) => `g${index}`) }],
    ['a name with a line feed', { name: 'a\nb' }],
    ['a scope that is none', { scope: 'connect wach' }],
    ['no lifetime', { ttlSeconds: 0 }],
    ['half a second', { ttlSeconds: 0.5 }],
    ['a lifetime that is no number', { ttlSeconds: Number.NaN }],
    ['a lifetime past all calendars', { ttlSeconds: Number.MAX_SAFE_INTEGER }],
    ['a lifetime above the longest', { ttlSeconds: RULES.maxTtlSeconds + 6 }],
    ['a time of issue ahead', { iat: NOW / 1_000 + 60 }],
    ['a time of issue before 1970', { iat: -1 }],
    ['more than fits', { groups: Array.from({ length: 64 }, (_, index) => `${index}`.padEnd(100, 'g')) }],
  ])('makes no token this service would refuse: %s', async (_, changes) => {
    const { issuer } = await setUp();
    const error = await issuer.issue(request(changes)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(IssueError);
    expect((error as IssueError).code).toBe('invalid');
  });

  it('needs more than a public key', async () => {
    const pair = await generateSigningKeys(4);
    const { issuer } = await setUp(pair.public);
    expect(issuer.available).toBe(false);
    await expect(issuer.issue(request())).rejects.toMatchObject({ code: 'no_key' });
    expect((await setUp(pair.secret)).issuer.available).toBe(true);
  });
});
