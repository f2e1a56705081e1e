import { beforeAll, describe, expect, it } from 'vitest';
import { KeySet } from '../../../src/auth/key-set.ts';
import { localCipherV2 } from '../../../src/auth/local-v2.ts';
import { localCipherV3 } from '../../../src/auth/local-v3.ts';
import { localCipherV4 } from '../../../src/auth/local-v4.ts';
import { type KeyVersion, parsePaserk, serializePaserk } from '../../../src/auth/paserk.ts';
import { AuthError, TOKEN_VERSIONS, type TokenVersion } from '../../../src/auth/principal.ts';
import type { TokenVerifier } from '../../../src/auth/verifier.ts';
import fc from '../../support/fast-check.ts';
import { goodClaims, keySet, MATERIAL, makeKey, makeVerifier, type TestKey } from './test-keys.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ é\u0000';
const refused = async (verifier: TokenVerifier, token: string): Promise<void> => {
  await expect(verifier.verify(token)).rejects.toBeInstanceOf(AuthError);
};
/** The footer names the key; without it every key of the version is tried. */
const withoutFooter = (token: string): string => token.split('.').slice(0, 3).join('.');

const keys = new Map<TokenVersion, TestKey>();
const tokens = new Map<TokenVersion, string>();
const of = <T>(map: Map<TokenVersion, T>, version: TokenVersion): T => {
  const value = map.get(version);
  if (value === undefined) throw new Error(`nothing for ${version}`);
  return value;
};
let all: TokenVerifier;

beforeAll(async () => {
  for (const version of TOKEN_VERSIONS) {
    const key = await makeKey(version);
    keys.set(version, key);
    tokens.set(version, await key.issue.seal(goodClaims({ groups: ['a', 'b'] })));
  }
  all = makeVerifier(await keySet(...[...keys.values()].map((key) => key.issuing))).verifier;
});

describe.each(TOKEN_VERSIONS)('a %s token', (version) => {
  it('is good as it is', async () => {
    expect((await all.verify(of(tokens, version))).user).toBe('ann');
  });

  it('is refused with any one character changed', async () => {
    const token = of(tokens, version);
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...ALPHABET), async (place, character) => {
        fc.pre(token[place] !== character);
        await refused(all, token.slice(0, place) + character + token.slice(place + 1));
      }),
      { numRuns: 300 },
    );
  });

  it('is refused cut short, lengthened, or with parts moved', async () => {
    const token = of(tokens, version);
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.nat(token.length), async (length, place) => {
        await refused(all, token.slice(0, length));
        await refused(all, `${token.slice(0, place)}A${token.slice(place)}`);
      }),
      { numRuns: 100 },
    );
    const [head, purpose, payload, footer] = token.split('.');
    await refused(all, [head, purpose, footer, payload].join('.'));
    await refused(all, [head, purpose, payload].join('.'));
    await refused(all, [head, purpose, payload, payload].join('.'));
  });

  it('is refused under the name of any other version or purpose', async () => {
    const [, , ...rest] = of(tokens, version).split('.');
    for (const other of TOKEN_VERSIONS.filter((name) => name !== version)) {
      await refused(all, [other, ...rest].join('.'));
      await refused(all, [other, rest[0]].join('.'));
    }
  });

  it('is refused by the key of any other version or purpose, named or not', async () => {
    for (const other of TOKEN_VERSIONS.filter((name) => name !== version)) {
      const { verifier } = makeVerifier(await keySet(of(keys, other).issuing));
      await refused(verifier, of(tokens, version));
      await refused(verifier, withoutFooter(of(tokens, version)));
    }
  });

  it('is refused by another key of its own version and purpose', async () => {
    const { verifier } = makeVerifier(await keySet((await makeKey(version)).issuing));
    await refused(verifier, of(tokens, version));
    await refused(verifier, withoutFooter(of(tokens, version)));
  });
});

describe('keys with the same bytes', () => {
  const local = (version: KeyVersion) => serializePaserk(version, 'local', MATERIAL);
  const seal = async (version: KeyVersion) =>
    (await keySet(local(version))).issueKey?.seal(goodClaims()) ?? '';

  it('open only tokens of their own version', async () => {
    for (const version of [2, 3, 4] as const) {
      const token = await seal(version);
      for (const other of [2, 3, 4] as const) {
        const { verifier } = makeVerifier(await keySet(local(other)));
        if (other === version) expect((await verifier.verify(token)).user).toBe('ann');
        else {
          await refused(verifier, token);
          await refused(verifier, withoutFooter(token));
          await refused(verifier, withoutFooter(token).replace(/^v./, `v${other}`));
        }
      }
    }
  });

  it('of version 2 and 4 sign only for their own version', async () => {
    const { issuing } = of(keys, 'v4.public');
    const asV2 = issuing.replace('k4', 'k2');
    const token = (await (await keySet(asV2)).issueKey?.seal(goodClaims())) ?? '';
    expect(token).toMatch(/^v2\.public\./);
    const { verifier } = makeVerifier(await keySet(issuing));
    await refused(verifier, token);
    await refused(verifier, withoutFooter(token));
    await refused(verifier, withoutFooter(token).replace('v2', 'v4'));
  });

  // The attack on JWT: what verifies is public, so whoever can make it act as a shared secret can issue.
  it('a public key is no shared secret', async () => {
    const publicKey = parsePaserk(of(keys, 'v4.public').verifying);
    const forged = (await keySet(serializePaserk(4, 'local', publicKey.material))).issueKey;
    const token = withoutFooter((await forged?.seal(goodClaims())) ?? '');
    const { verifier } = makeVerifier(await KeySet.import([publicKey], 'test'));
    await refused(verifier, token);
    await refused(verifier, token.replace('local', 'public'));
  });

  it('a footer cannot lend a key to another version or purpose', async () => {
    const mine = of(keys, 'v4.local');
    for (const version of TOKEN_VERSIONS.filter((name) => name !== 'v4.local')) {
      const footer = Buffer.from(JSON.stringify({ kid: mine.issue.kid })).toString('base64url');
      await refused(all, `${withoutFooter(of(tokens, version))}.${footer}`);
    }
  });
});

describe.each([
  ['v2', localCipherV2],
  ['v3', localCipherV3],
  ['v4', localCipherV4],
] as const)('the cipher of %s.local', (_, cipher) => {
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

  it('opens nothing it did not seal, of whatever length, and never throws', () => {
    fc.assert(
      fc.property(bytes(120), bytes(8), bytes(8), (payload, footer, implicit) => {
        expect(cipher(MATERIAL).open(payload, footer, implicit)).toBeUndefined();
      }),
      { numRuns: 300, examples: [[new Uint8Array(), new Uint8Array(), new Uint8Array()]] },
    );
  });

  it('opens what it sealed, with the same footer', () => {
    const { seal, open, nonceBytes } = cipher(MATERIAL);
    fc.assert(
      fc.property(bytes(200), bytes(40), (message, footer) => {
        const sealed = seal(
          message,
          footer,
          new Uint8Array(),
          crypto.getRandomValues(new Uint8Array(nonceBytes)),
        );
        expect(Buffer.from(open(sealed, footer, new Uint8Array()) ?? [1])).toEqual(Buffer.from(message));
        expect(open(sealed, Uint8Array.of(...footer, 0), new Uint8Array())).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });
});
