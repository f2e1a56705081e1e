import {
  type Claims,
  type Key,
  type KeyPair,
  type PublicPASERK,
  PublicProtocol,
  type SecretPASERK,
  type TokenResult,
} from 'paseto';
import * as v2 from 'paseto/v2/public';
import * as v3 from 'paseto/v3/public';
import * as v4 from 'paseto/v4/public';
import type { ImportedKey, VerifyKey } from './key.ts';
import { openOptions, settle } from './open-options.ts';
import { type KeyVersion, type Paserk, parsePaserk, paserkId } from './paserk.ts';

/** The operations of the library that one version of `public` tokens needs. */
interface Operations<V extends KeyVersion, P extends Key, S extends Key> {
  ImportPublicKey(paserk: PublicPASERK<V>): Promise<P>;
  ImportSecretKey(paserk: SecretPASERK<V>): Promise<S>;
  GetPublicKey(key: S): Promise<P>;
  ExportPublicKey(key: P): Promise<PublicPASERK<V>>;
  ExportSecretKey(key: S): Promise<SecretPASERK<V>>;
  GenerateKeyPair(options: { extractable: true }): Promise<KeyPair<P, S>>;
  Sign(key: S, claims: Claims, options: { footer: Uint8Array; addIssuedAt: false }): Promise<string>;
  Verify(key: P, token: string, options: ReturnType<typeof openOptions>): Promise<TokenResult>;
}

/** `public` tokens of one version. Signatures are checked by WebCrypto on the thread pool. */
interface SigningSuite {
  importKey(paserk: Paserk): Promise<ImportedKey>;
  /** @returns the PASERK text of a new secret key and of its public half. */
  generate(): Promise<{ secret: string; public: string }>;
}

const suite = <V extends KeyVersion, P extends Key, S extends Key>(
  version: V,
  operations: Operations<V, P, S>,
): SigningSuite => {
  const verifyKey = (key: P, ids: readonly string[]): VerifyKey => ({
    version: `v${version}.public`,
    ids,
    open: (token, implicit) => settle(operations.Verify(key, token, openOptions(implicit)), 'wrong key'),
  });
  return {
    async importKey(paserk) {
      if (paserk.type === 'public') {
        const key = await operations.ImportPublicKey(paserk.text as PublicPASERK<V>);
        return { verify: verifyKey(key, [paserkId(paserk)]) };
      }
      const secret = await operations.ImportSecretKey(paserk.text as SecretPASERK<V>);
      const key = await operations.GetPublicKey(secret);
      const kid = paserkId(parsePaserk(await operations.ExportPublicKey(key)));
      const footer = new Uint8Array(Buffer.from(JSON.stringify({ kid })));
      return {
        verify: verifyKey(key, [kid, paserkId(paserk)]),
        issue: {
          version: `v${version}.public`,
          kid,
          seal: (claims) => operations.Sign(secret, claims, { footer, addIssuedAt: false }),
        },
      };
    },
    async generate() {
      const pair = await operations.GenerateKeyPair({ extractable: true });
      return {
        secret: await operations.ExportSecretKey(pair.secretKey),
        public: await operations.ExportPublicKey(pair.publicKey),
      };
    },
  };
};

export const signingSuites: Readonly<Record<KeyVersion, SigningSuite>> = {
  2: suite(
    2,
    new PublicProtocol(
      v2.ImportPublicKeyFactory,
      v2.ImportSecretKeyFactory,
      v2.GetPublicKeyFactory,
      v2.ExportPublicKeyFactory,
      v2.ExportSecretKeyFactory,
      v2.GenerateKeyPairFactory,
      v2.SignFactory,
      v2.VerifyFactory,
    ),
  ),
  3: suite(
    3,
    new PublicProtocol(
      v3.ImportPublicKeyFactory,
      v3.ImportSecretKeyFactory,
      v3.GetPublicKeyFactory,
      v3.ExportPublicKeyFactory,
      v3.ExportSecretKeyFactory,
      v3.GenerateKeyPairFactory,
      v3.SignFactory,
      v3.VerifyFactory,
    ),
  ),
  4: suite(
    4,
    new PublicProtocol(
      v4.ImportPublicKeyFactory,
      v4.ImportSecretKeyFactory,
      v4.GetPublicKeyFactory,
      v4.ExportPublicKeyFactory,
      v4.ExportSecretKeyFactory,
      v4.GenerateKeyPairFactory,
      v4.SignFactory,
      v4.VerifyFactory,
    ),
  ),
};
