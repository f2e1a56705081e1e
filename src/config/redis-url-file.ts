import { readFileSync, statSync } from 'node:fs';

/** A URL; more is a wrong path. */
const MAX_FILE_BYTES = 16_384;

/**
 * The URL in a file, which may end with a line end. Read at once and synchronously: it is small, and only looked at before a
 * connection is made.
 *
 * @throws Error whose message is to be read after the setting's name and holds nothing of the file.
 */
export const readRedisUrlFile = (path: string): string => {
  let text: string;
  try {
    if (statSync(path).size > MAX_FILE_BYTES) throw new Error('too large');
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : (error as Error).message;
    throw new Error(`names a file that cannot be read (${code})`);
  }
  if (text === '') throw new Error('names a file that is empty');
  return text;
};
