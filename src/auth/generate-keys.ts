import { randomBytes } from 'node:crypto';
import { type KeyVersion, parsePaserk, paserkId, serializePaserk } from './paserk.ts';
import { signingSuites } from './signing-keys.ts';

/** A new key pair: `secret` for issuers, `public` for verifiers, and the PASERK ids of both. */
export interface SigningKeys {
  readonly secret: string;
  readonly public: string;
  readonly sid: string;
  /** The `kid` of tokens. */
  readonly pid: string;
}

/** A new shared key, for issuer and verifier alike, and its PASERK id. */
export interface LocalKeys {
  readonly local: string;
  /** The `kid` of tokens. */
  readonly lid: string;
}

/** Makes keys for `public` tokens. */
export const generateSigningKeys = async (version: KeyVersion): Promise<SigningKeys> => {
  const pair = await signingSuites[version].generate();
  return { ...pair, sid: paserkId(parsePaserk(pair.secret)), pid: paserkId(parsePaserk(pair.public)) };
};

/** Makes a key for `local` tokens. */
export const generateLocalKey = (version: KeyVersion): LocalKeys => {
  const local = serializePaserk(version, 'local', randomBytes(32));
  return { local, lid: paserkId(parsePaserk(local)) };
};
