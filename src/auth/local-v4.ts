import { timingSafeEqual } from 'node:crypto';
import { xchacha20 } from '@noble/ciphers/chacha.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { PAE } from 'paseto';
import { AUTHENTICATION, ENCRYPTION, joined, type LocalCipher } from './local-cipher.ts';

const HEADER = new Uint8Array(Buffer.from('v4.local.'));
const NONCE_BYTES = 32;
const TAG_BYTES = 32;

/** v4.local: XChaCha20 and keyed BLAKE2b, encrypt then authenticate. */
export const localCipherV4 = (key: Uint8Array): LocalCipher => {
  const tagOf = (nonce: Uint8Array, ciphertext: Uint8Array, footer: Uint8Array, implicit: Uint8Array) => {
    const derived = blake2b(joined(AUTHENTICATION, nonce), { key, dkLen: 32 });
    return blake2b(PAE([HEADER, nonce, ciphertext, footer, implicit]), { key: derived, dkLen: TAG_BYTES });
  };
  const crypt = (nonce: Uint8Array, text: Uint8Array) => {
    const derived = blake2b(joined(ENCRYPTION, nonce), { key, dkLen: 56 });
    return xchacha20(derived.subarray(0, 32), derived.subarray(32), text);
  };
  return {
    nonceBytes: NONCE_BYTES,
    seal(message, footer, implicit, nonce) {
      const ciphertext = crypt(nonce, message);
      return joined(nonce, ciphertext, tagOf(nonce, ciphertext, footer, implicit));
    },
    open(payload, footer, implicit) {
      if (payload.length < NONCE_BYTES + TAG_BYTES) return undefined;
      const nonce = payload.subarray(0, NONCE_BYTES);
      const ciphertext = payload.subarray(NONCE_BYTES, -TAG_BYTES);
      const tag = tagOf(nonce, ciphertext, footer, implicit);
      if (!timingSafeEqual(tag, payload.subarray(-TAG_BYTES))) return undefined;
      return crypt(nonce, ciphertext);
    },
  };
};
