import { createHash } from 'node:crypto';
import { blake2b } from '@noble/hashes/blake2.js';
import { fromBase64url, toBase64url } from './base64url.ts';
import { KeyError } from './key-error.ts';

/** PASETO versions of which keys are accepted. */
export type KeyVersion = 2 | 3 | 4;
/** `secret` signs and holds its public half. */
export type KeyType = 'local' | 'public' | 'secret';

/** A plaintext key as PASERK writes it: `k4.public.…`. Holds the key: never log it. */
export interface Paserk {
  readonly version: KeyVersion;
  readonly type: KeyType;
  readonly text: string;
  readonly material: Uint8Array;
}

/** Bytes of key material, by type and version. A k3.public key is a compressed P-384 point. */
const LENGTHS: Readonly<Record<KeyType, Readonly<Record<KeyVersion, number>>>> = {
  local: { 2: 32, 3: 32, 4: 32 },
  public: { 2: 32, 3: 49, 4: 32 },
  secret: { 2: 64, 3: 48, 4: 64 },
};

const SHAPE = /^k([1-9])\.([a-z-]{1,11})\.(.+)$/s;
const isVersion = (version: number): version is KeyVersion => version >= 2 && version <= 4;
const isType = (type: string): type is KeyType => Object.hasOwn(LENGTHS, type);
/** PASERK types that are not plaintext keys: named in the error, so that the reader knows what to convert. */
const OTHER_TYPES = ['lid', 'pid', 'sid', 'local-pw', 'secret-pw', 'local-wrap', 'secret-wrap', 'seal'];

/**
 * Reads one plaintext PASERK key of version 2, 3 or 4.
 *
 * @throws KeyError when it is none, is of another kind, or has the wrong length.
 */
export const parsePaserk = (text: string): Paserk => {
  const [, digit, type = '', data = ''] = SHAPE.exec(text) ?? [];
  const version = Number(digit);
  if (!isType(type)) {
    throw new KeyError(
      OTHER_TYPES.includes(type)
        ? `is a PASERK of type ${type}: only plaintext keys (local, public, secret) are accepted`
        : 'is no PASERK key such as k4.public.…',
    );
  }
  if (!isVersion(version)) throw new KeyError(`is a key of version ${version}: only 2, 3 and 4 are accepted`);
  const bytes = fromBase64url(data);
  if (bytes === undefined) throw new KeyError('is not unpadded base64url');
  const material = new Uint8Array(bytes);
  if (material.length !== LENGTHS[type][version]) {
    throw new KeyError(
      `is a k${version}.${type} key of ${material.length} bytes, not ${LENGTHS[type][version]}`,
    );
  }
  return { version, type, text, material };
};

/** Writes key material as PASERK. */
export const serializePaserk = (version: KeyVersion, type: KeyType, material: Uint8Array): string =>
  `k${version}.${type}.${toBase64url(material)}`;

const ID_TYPES = { local: 'lid', public: 'pid', secret: 'sid' } as const;

/**
 * The public name of a key: `k4.lid.…`, `k4.pid.…` or `k4.sid.…`, from the PASERK specification ("ID" operation).
 * Safe to log and to put into a footer.
 */
export const paserkId = ({ version, type, text }: Pick<Paserk, 'version' | 'type' | 'text'>): string => {
  const header = `k${version}.${ID_TYPES[type]}.`;
  const input = Buffer.from(header + text);
  const digest =
    version === 3
      ? createHash('sha384').update(input).digest().subarray(0, 33)
      : blake2b(input, { dkLen: 33 });
  return header + toBase64url(digest);
};
