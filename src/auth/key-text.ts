import { KeyError } from './key-error.ts';
import { type KeyVersion, type Paserk, parsePaserk, serializePaserk } from './paserk.ts';

const COMMENT = /#.*$/gm;
const SEPARATORS = /[\s,]+/;
const HEX_KEY = /^[0-9a-fA-F]{64}$/;
const BASE64_KEY = /^[A-Za-z0-9+/_-]{43}=?$/;

/**
 * Reads PASERK keys separated by white space or commas; `#` begins a comment that ends with its line.
 *
 * @param source - what to call the text in errors: the name of a setting.
 * @throws KeyError naming the source and the position of the key, never the key.
 */
export const parseKeys = (text: string, source: string): Paserk[] =>
  text
    .replace(COMMENT, '')
    .split(SEPARATORS)
    .filter((word) => word !== '')
    .map((word, index) => {
      try {
        return parsePaserk(word);
      } catch (error) {
        throw error instanceof KeyError
          ? new KeyError(`${source}: key ${index + 1} ${error.message}`)
          : error;
      }
    });

/**
 * Reads the short form for one local key: 32 bytes as hex, base64 or base64url.
 *
 * @throws KeyError when it is not 32 bytes in one of these forms.
 */
export const parseSymmetricKey = (text: string, version: 'v4' | 'v3' | 'v2'): Paserk => {
  const word = text.trim();
  const bytes = HEX_KEY.test(word)
    ? Buffer.from(word, 'hex')
    : BASE64_KEY.test(word)
      ? Buffer.from(word, 'base64')
      : undefined;
  if (bytes?.length !== 32) throw new KeyError('PASETO_SYMMETRIC_KEY is not 32 bytes in hex or base64');
  return parsePaserk(serializePaserk(Number(version.slice(1)) as KeyVersion, 'local', bytes));
};
