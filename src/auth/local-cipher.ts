/** The cryptography of one `local` key: sealed and opened bytes, without claims, framing or base64. */
export interface LocalCipher {
  /** @param nonce - random bytes, {@link nonceBytes} of them; version 2 derives its nonce from them. */
  seal(message: Uint8Array, footer: Uint8Array, implicit: Uint8Array, nonce: Uint8Array): Uint8Array;
  /** @returns `undefined` when this key did not seal it, or a bit was changed. */
  open(payload: Uint8Array, footer: Uint8Array, implicit: Uint8Array): Uint8Array | undefined;
  readonly nonceBytes: number;
}

/** Separate what encrypts from what authenticates; the strings are the specification's (versions 3 and 4). */
export const ENCRYPTION = Buffer.from('paseto-encryption-key');
export const AUTHENTICATION = Buffer.from('paseto-auth-key-for-aead');

/** A plain Uint8Array on its own memory, as the token library wants them. */
export const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
