import { beforeAll, describe, expect, it } from 'vitest';
import { generateLocalKey, generateSigningKeys, type SigningKeys } from '../../../src/auth/generate-keys.ts';
import { importLocalKey } from '../../../src/auth/local-keys.ts';
import { parsePaserk } from '../../../src/auth/paserk.ts';
import { goodClaims, keySet, makeKey, makeVerifier, RAW_KEY, rawToken } from './test-keys.ts';

let pair: SigningKeys;
beforeAll(async () => {
  pair = await generateSigningKeys(4);
});

describe('the key a footer names', () => {
  it('may be the public half or, when the secret half is here, the secret one', async () => {
    const both = await keySet(pair.secret);
    expect(both.ids).toEqual([pair.pid, pair.sid]);
    expect(both.candidates('v4.public', pair.pid)).toHaveLength(1);
    expect(both.candidates('v4.public', pair.sid)).toEqual(both.candidates('v4.public', pair.pid));
    const half = await keySet(pair.public);
    expect(half.candidates('v4.public', pair.pid)).toHaveLength(1);
    expect(half.candidates('v4.public', pair.sid)).toEqual([]);
  });

  it('is of the version and purpose of the token, or nothing', async () => {
    const set = await keySet(pair.public, RAW_KEY);
    expect(set.candidates('v2.public', pair.pid)).toEqual([]);
    expect(set.candidates('v4.local', pair.pid)).toEqual([]);
    expect(set.candidates('v4.public', 'k4.pid.unknown')).toEqual([]);
    expect(set.candidates('v4.public', '')).toEqual([]);
  });

  it('is found however many keys there are', async () => {
    const others = Array.from({ length: 20 }, () => generateLocalKey(4).local);
    const { verifier } = makeVerifier(await keySet(...others, RAW_KEY));
    const { kid } = importLocalKey[4](parsePaserk(RAW_KEY)).issue ?? { kid: '' };
    const claims = JSON.stringify(goodClaims());
    expect((await verifier.verify(rawToken(claims, JSON.stringify({ kid, more: [1] })))).user).toBe('ann');
  });
});

describe('a token that names no key', () => {
  it.each(['', 'any text', '{"key":1}', '["kid"]', '"kid"', 'null', '{"kid"', '\u00ff\u00fe'])(
    'with footer %j is tried with the keys of its version',
    async (footer) => {
      const { verifier } = makeVerifier(await keySet(generateLocalKey(4).local, RAW_KEY));
      expect((await verifier.verify(rawToken(JSON.stringify(goodClaims()), footer))).user).toBe('ann');
    },
  );

  it('is tried with four of them and no more', async () => {
    const other = () => generateLocalKey(4).local;
    const token = rawToken(JSON.stringify(goodClaims()));
    const fourth = await keySet(generateLocalKey(3).local, other(), other(), other(), RAW_KEY, other());
    expect((await makeVerifier(fourth).verifier.verify(token)).user).toBe('ann');
    const fifth = await keySet(other(), other(), other(), other(), RAW_KEY);
    await expect(makeVerifier(fifth).verifier.verify(token)).rejects.toMatchObject({
      reason: 'bad_signature',
    });
    expect(fifth.crowded).toEqual(['v4.local']);
    expect((await keySet(other(), other(), other(), RAW_KEY)).crowded).toEqual([]);
  });
});

describe('keys given twice', () => {
  it('are one key: the second of a pair does not use up a try', async () => {
    for (const texts of [
      [pair.public, pair.secret],
      [pair.secret, pair.public],
      [pair.secret, pair.secret],
    ]) {
      const set = await keySet(...texts);
      expect(set.size).toBe(1);
      expect(set.ids).toEqual([pair.pid, pair.sid]);
      expect(set.issueKey?.kid).toBe(pair.pid);
    }
    expect((await keySet(pair.public)).plus(await keySet(pair.secret)).size).toBe(1);
  });
});

describe('the issuing key', () => {
  it('is the first secret or local one', async () => {
    const { local, lid } = generateLocalKey(3);
    expect((await keySet(pair.public)).issueKey).toBeUndefined();
    expect((await keySet(pair.public, local, pair.secret)).issueKey?.kid).toBe(lid);
    expect((await keySet(pair.secret, local)).issueKey?.kid).toBe(pair.pid);
  });
});

describe('generated keys', () => {
  it.each(['v2.public', 'v3.public', 'v4.public', 'v2.local', 'v3.local', 'v4.local'] as const)(
    'of %s are accepted and are never the same',
    async (version) => {
      const [one, two] = [await makeKey(version), await makeKey(version)];
      expect(one.verifying).not.toBe(two.verifying);
      const number = version.slice(0, 2).replace('v', 'k');
      expect(one.verifying).toMatch(new RegExp(`^${number}\\.${version.slice(3)}\\.`));
      const { verifier } = makeVerifier(await keySet(one.verifying));
      expect((await verifier.verify(await one.issue.seal(goodClaims()))).user).toBe('ann');
    },
  );
});
