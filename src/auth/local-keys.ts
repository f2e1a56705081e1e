import { randomBytes } from 'node:crypto';
import { type Claims, type Key, LocalDecrypt, LocalEncrypt, LocalProtocol, type TokenResult } from 'paseto';
import type { ImportedKey } from './key.ts';
import type { LocalCipher } from './local-cipher.ts';
import { localCipherV2 } from './local-v2.ts';
import { localCipherV3 } from './local-v3.ts';
import { localCipherV4 } from './local-v4.ts';
import { openOptions, settle, WRONG_KEY } from './open-options.ts';
import { type KeyVersion, type Paserk, paserkId } from './paserk.ts';

/** A cipher in the shape of the library's keys; the key itself is inside the cipher's closures. */
class LocalKey implements Key {
  readonly algorithm = { name: 'local' };
  readonly extractable = false;
  readonly type = 'secret';
  readonly #cipher: LocalCipher;

  constructor(cipher: LocalCipher) {
    this.#cipher = cipher;
  }

  seal(message: Uint8Array, footer: Uint8Array, implicit = NOTHING): Uint8Array {
    return this.#cipher.seal(message, footer, implicit, new Uint8Array(randomBytes(this.#cipher.nonceBytes)));
  }

  open(payload: Uint8Array, footer: Uint8Array, implicit = NOTHING): Uint8Array {
    const message = this.#cipher.open(payload, footer, implicit);
    if (message === undefined) throw WRONG_KEY;
    return message;
  }
}
const NOTHING: Uint8Array = new Uint8Array();

type Run = (
  key: LocalKey,
  input: Uint8Array,
  footer: Uint8Array,
  implicit?: Uint8Array,
) => Promise<Uint8Array>;
const seal: Run = async (key, message, footer, implicit) => key.seal(message, footer, implicit);
const open: Run = async (key, payload, footer, implicit) => key.open(payload, footer, implicit);

/** Framing, footers, base64 and claims are the library's; only the ciphers are ours. */
interface Operations {
  Encrypt(
    key: LocalKey,
    claims: Claims,
    options: { footer: Uint8Array; addIssuedAt: false },
  ): Promise<string>;
  Decrypt(key: LocalKey, token: string, options: ReturnType<typeof openOptions>): Promise<TokenResult>;
}

const importer =
  (version: KeyVersion, cipher: (key: Uint8Array) => LocalCipher, operations: Operations) =>
  (paserk: Paserk): ImportedKey => {
    const key = new LocalKey(cipher(paserk.material));
    const kid = paserkId(paserk);
    const footer = new Uint8Array(Buffer.from(JSON.stringify({ kid })));
    return {
      verify: {
        version: `v${version}.local`,
        ids: [kid],
        open: (token, implicit) => settle(operations.Decrypt(key, token, openOptions(implicit)), 'malformed'),
      },
      issue: {
        version: `v${version}.local`,
        kid,
        seal: (claims) => operations.Encrypt(key, claims, { footer, addIssuedAt: false }),
      },
    };
  };

const v2 = new LocalProtocol(
  LocalEncrypt<2, LocalKey>({ version: 2, run: seal }),
  LocalDecrypt<2, LocalKey>({ version: 2, run: open }),
);
const v3 = new LocalProtocol(
  LocalEncrypt<3, LocalKey>({ version: 3, run: seal }),
  LocalDecrypt<3, LocalKey>({ version: 3, run: open }),
);
const v4 = new LocalProtocol(
  LocalEncrypt<4, LocalKey>({ version: 4, run: seal }),
  LocalDecrypt<4, LocalKey>({ version: 4, run: open }),
);

/** Imports `local` keys. All of it runs on the calling thread: 20 to 40 µs a token. */
export const importLocalKey: Readonly<Record<KeyVersion, (paserk: Paserk) => ImportedKey>> = {
  2: importer(2, localCipherV2, v2),
  3: importer(3, localCipherV3, v3),
  4: importer(4, localCipherV4, v4),
};
