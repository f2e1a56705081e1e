import { open } from 'node:fs/promises';
import { KeyError } from './key-error.ts';
import { KeySet } from './key-set.ts';
import { parseKeys } from './key-text.ts';

/** Thousands of keys; more is a wrong path, which must not be read into memory every second. */
const MAX_FILE_BYTES = 256 * 1024;
const SETTING = 'PASETO_KEYS_FILE';

/**
 * A file of keys, and whether it changed. The content itself is compared: modification times are wrong after `cp -p`,
 * a mounted secret changes by a swapped symlink, and notifications do not cross mounts.
 */
export class KeyFile {
  readonly #path: string;
  #last: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * @returns the keys when the content differs from the last call's, valid or not; otherwise `undefined`.
   * @throws KeyError when the file cannot be read, or its new content cannot be used.
   */
  async changed(): Promise<KeySet | undefined> {
    const text = await this.#read();
    if (text === this.#last) return undefined;
    this.#last = text;
    const keys = await KeySet.import(parseKeys(text, SETTING), SETTING);
    // An empty file is being written, or is a secret not mounted yet. It never means to trust no key.
    if (keys.size === 0) throw new KeyError(`${SETTING}: the file holds no key`);
    return keys;
  }

  async #read(): Promise<string> {
    try {
      const file = await open(this.#path);
      try {
        const { size } = await file.stat();
        if (size > MAX_FILE_BYTES)
          throw new KeyError(`${SETTING}: the file is larger than ${MAX_FILE_BYTES} bytes`);
        return await file.readFile('utf8');
      } finally {
        await file.close();
      }
    } catch (error) {
      if (error instanceof KeyError) throw error;
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      throw new KeyError(`${SETTING}: the file cannot be read (${code})`, { cause: error });
    }
  }
}
