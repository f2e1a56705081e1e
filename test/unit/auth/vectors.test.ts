import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KeySet } from '../../../src/auth/key-set.ts';
import { importLocalKey } from '../../../src/auth/local-keys.ts';
import { localCipherV2 } from '../../../src/auth/local-v2.ts';
import { localCipherV3 } from '../../../src/auth/local-v3.ts';
import { localCipherV4 } from '../../../src/auth/local-v4.ts';
import {
  type KeyType,
  type KeyVersion,
  parsePaserk,
  paserkId,
  serializePaserk,
} from '../../../src/auth/paserk.ts';
import { labelOf } from '../../../src/auth/token-format.ts';

interface Vector {
  name: string;
  'expect-fail'?: boolean;
  key?: string | null;
  nonce?: string;
  'public-key'?: string;
  'secret-key'?: string;
  token: string;
  payload: string | object | null;
  footer: string;
  'implicit-assertion': string;
}
interface PaserkVector {
  name: string;
  'expect-fail'?: boolean;
  /** A slip in one of the official files. */
  expectfail?: boolean;
  key: string | null;
  paserk: string | null;
}

const load = <T>(file: string): T[] =>
  JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8')).tests;
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const VERSIONS: KeyVersion[] = [2, 3, 4];
const CIPHERS = { 2: localCipherV2, 3: localCipherV3, 4: localCipherV4 };

/** Every key the vector names, as this service would hold them. */
const keysOf = async (version: KeyVersion, vector: Vector): Promise<KeySet> => {
  const texts: string[] = [];
  if (vector.key) texts.push(serializePaserk(version, 'local', bytes(vector.key)));
  if (vector['public-key']) texts.push(serializePaserk(version, 'public', bytes(vector['public-key'])));
  if (vector['secret-key']) texts.push(serializePaserk(version, 'secret', bytes(vector['secret-key'])));
  return KeySet.import(texts.map(parsePaserk), 'vector');
};

/** What the verifier does with a token, up to its claims; these vectors have another kind of `kid`. */
const open = async (version: KeyVersion, vector: Vector): Promise<unknown> => {
  const keys = await keysOf(version, vector);
  const implicit = version === 2 ? undefined : new Uint8Array(Buffer.from(vector['implicit-assertion']));
  for (const key of keys.candidates(labelOf(vector.token).version, undefined)) {
    const claims = await key.open(vector.token, implicit);
    if (claims !== undefined) return claims;
  }
  throw new Error('no key opens it');
};

describe.each(VERSIONS)('official PASETO vectors, version %i', (version) => {
  const vectors = load<Vector>(`paseto/v${version}.json`);

  it.each(vectors.filter((vector) => !vector['expect-fail']))('$name opens', async (vector) => {
    const payload = typeof vector.payload === 'string' ? JSON.parse(vector.payload) : vector.payload;
    expect(await open(version, vector)).toEqual(payload);
  });

  it.each(vectors.filter((vector) => vector['expect-fail']))('$name is refused', async (vector) => {
    await expect(open(version, vector)).rejects.toThrow();
  });

  it.each(vectors.filter((vector) => !vector['expect-fail'] && vector.nonce))(
    '$name is what sealing with its nonce makes',
    ({ key, nonce, token, payload, footer, 'implicit-assertion': implicit }) => {
      const sealed = CIPHERS[version](bytes(key ?? '')).seal(
        new Uint8Array(Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload))),
        new Uint8Array(Buffer.from(footer)),
        new Uint8Array(Buffer.from(implicit)),
        bytes(nonce ?? ''),
      );
      expect(Buffer.from(sealed).toString('base64url')).toBe(token.split('.')[2]);
    },
  );

  it('covers local, public and failing vectors', () => {
    const names = vectors.map((vector) => vector.name.slice(2, 3));
    for (const kind of ['E', 'S', 'F'])
      expect(names.filter((name) => name === kind).length).toBeGreaterThan(2);
  });
});

const ID_OF = { lid: 'local', pid: 'public', sid: 'secret' } as const;

describe.each(VERSIONS.flatMap((version) => (['lid', 'pid', 'sid'] as const).map((id) => ({ version, id }))))(
  'official PASERK vectors, k$version.$id',
  ({ version, id }) => {
    const idOf = (hex: string) => paserkId(parsePaserk(serializePaserk(version, ID_OF[id], bytes(hex))));

    it.each(load<PaserkVector>(`paserk/k${version}.${id}.json`))('$name', ({ key, paserk }) => {
      if (paserk === null) expect(() => idOf(key ?? '')).toThrow();
      else expect(idOf(key ?? '')).toBe(paserk);
    });
  },
);

describe.each(
  VERSIONS.flatMap((version) => (['local', 'public', 'secret'] as const).map((type) => ({ version, type }))),
)('official PASERK vectors, k$version.$type', ({ version, type }: { version: KeyVersion; type: KeyType }) => {
  const read = (text: string) => {
    const paserk = parsePaserk(text);
    if (paserk.version !== version || paserk.type !== type) throw new Error('another kind of key');
    return paserk;
  };

  it.each(load<PaserkVector>(`paserk/k${version}.${type}.json`))('$name', (vector) => {
    if (vector['expect-fail']) {
      expect(() => read(vector.paserk ?? serializePaserk(version, type, bytes(vector.key ?? '')))).toThrow();
      return;
    }
    expect(serializePaserk(version, type, bytes(vector.key ?? ''))).toBe(vector.paserk);
    expect(Buffer.from(read(vector.paserk ?? '').material).toString('hex')).toBe(vector.key);
  });
});

it('derives the names of a pair from its secret key alone', async () => {
  for (const version of VERSIONS) {
    for (const { key } of load<PaserkVector>(`paserk/k${version}.secret.json`).filter(
      (v) => !v['expect-fail'],
    )) {
      const set = await KeySet.import(
        [parsePaserk(serializePaserk(version, 'secret', bytes(key ?? '')))],
        'vector',
      );
      expect(set.ids).toHaveLength(2);
      expect(set.ids[0]).toMatch(new RegExp(`^k${version}\\.pid\\.`));
      if (version !== 3)
        expect(set.ids[0]).toBe(
          paserkId(parsePaserk(serializePaserk(version, 'public', bytes((key ?? '').slice(64))))),
        );
    }
  }
  expect(
    importLocalKey[4](parsePaserk(serializePaserk(4, 'local', bytes('00'.repeat(32))))).verify.ids,
  ).toEqual(['k4.lid.bqltbNc4JLUAmc9Xtpok-fBuI0dQN5_m3CD9W_nbh559']);
});
