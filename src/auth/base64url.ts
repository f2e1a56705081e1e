const ALPHABET = /^[A-Za-z0-9_-]*$/;

/** Writes bytes without padding. */
export const toBase64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');

/**
 * Accepts only the canonical form of the bytes. Node's decoder also takes padding, other alphabets and stray bits.
 *
 * @returns `undefined` for anything else.
 */
export const fromBase64url = (text: string): Buffer | undefined => {
  if (!ALPHABET.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
};
