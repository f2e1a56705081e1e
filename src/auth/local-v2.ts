import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { PAE } from 'paseto';
import { joined, type LocalCipher } from './local-cipher.ts';

const HEADER = new Uint8Array(Buffer.from('v2.local.'));
const NONCE_BYTES = 24;

/** v2.local: XChaCha20-Poly1305 under a nonce that is a keyed BLAKE2b of the message, so a bad random source alone cannot repeat one. */
export const localCipherV2 = (key: Uint8Array): LocalCipher => ({
  nonceBytes: NONCE_BYTES,
  seal(message, footer, _implicit, random) {
    const nonce = blake2b(message, { key: random, dkLen: NONCE_BYTES });
    const sealed = xchacha20poly1305(key, nonce, PAE([HEADER, nonce, footer])).encrypt(message);
    return joined(nonce, sealed);
  },
  open(payload, footer) {
    const nonce = payload.subarray(0, NONCE_BYTES);
    try {
      return xchacha20poly1305(key, nonce, PAE([HEADER, nonce, footer])).decrypt(
        payload.subarray(NONCE_BYTES),
      );
    } catch {
      // Too short, or another tag.
      return undefined;
    }
  },
});
