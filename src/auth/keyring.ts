import type { Settings } from '../config/settings.ts';
import { KeyError } from './key-error.ts';
import { KeyFile } from './key-file.ts';
import { KeySet, MAX_TRIED_KEYS } from './key-set.ts';
import { parseKeys, parseSymmetricKey } from './key-text.ts';

/** Where verifier and issuer find the keys in force; read again for every token. */
export interface KeySource {
  readonly current: KeySet;
}

/** The settings that name keys. */
export type KeySettings = Pick<
  Settings,
  'pasetoKeys' | 'pasetoKeysFile' | 'pasetoSymmetricKey' | 'pasetoSymmetricVersion'
>;

/** The part of a pino logger that is used. */
export interface KeyringLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface KeyringOptions {
  readonly log: KeyringLog;
  /** How often the file is read, ms. Default 1000. */
  readonly pollMs?: number;
}

/**
 * Reads the keys of the settings. Keys in the environment come before keys in the file.
 *
 * @returns a keyring that, once started, follows the file.
 * @throws KeyError when there is no key or one of them is bad; its message names the setting and holds no key.
 */
export const createKeyring = async (settings: KeySettings, options: KeyringOptions): Promise<Keyring> => {
  const { pasetoKeys = '', pasetoKeysFile, pasetoSymmetricKey, pasetoSymmetricVersion } = settings;
  const listed = await KeySet.import(parseKeys(pasetoKeys, 'PASETO_KEYS'), 'PASETO_KEYS');
  const short = pasetoSymmetricKey ? [parseSymmetricKey(pasetoSymmetricKey, pasetoSymmetricVersion)] : [];
  const fixed = listed.plus(await KeySet.import(short, 'PASETO_SYMMETRIC_KEY'));
  if (!pasetoKeysFile && fixed.size === 0) {
    throw new KeyError('PASETO_KEYS: no key; set it, PASETO_KEYS_FILE or PASETO_SYMMETRIC_KEY');
  }
  return Keyring.open(fixed, pasetoKeysFile ? new KeyFile(pasetoKeysFile) : undefined, options);
};

/** The keys in force. A file that changed to something unusable leaves them as they are. */
export class Keyring implements KeySource {
  readonly #fixed: KeySet;
  readonly #file: KeyFile | undefined;
  readonly #log: KeyringLog;
  readonly #pollMs: number;
  #current = KeySet.NONE;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #polling: Promise<void> = Promise.resolve();
  /** The last problem: a file that stays unusable is logged once, not once a second. */
  #complaint: string | undefined;

  /** @throws KeyError when the file cannot be used. */
  static async open(fixed: KeySet, file: KeyFile | undefined, options: KeyringOptions): Promise<Keyring> {
    const keyring = new Keyring(fixed, file, options);
    if (file === undefined) keyring.#adopt(fixed);
    else await keyring.reload();
    return keyring;
  }

  private constructor(fixed: KeySet, file: KeyFile | undefined, { log, pollMs = 1_000 }: KeyringOptions) {
    this.#fixed = fixed;
    this.#file = file;
    this.#log = log;
    this.#pollMs = pollMs;
  }

  get current(): KeySet {
    return this.#current;
  }

  /** Begins to follow the file; the timer keeps no process alive. */
  async start(): Promise<void> {
    if (this.#running || this.#file === undefined) return;
    this.#running = true;
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    await this.#polling;
  }

  /**
   * Checks the file now and, when it changed, puts its keys in force.
   *
   * @throws KeyError when it cannot be used; the keys stay unchanged.
   */
  async reload(): Promise<void> {
    const read = await this.#file?.changed();
    if (read !== undefined) this.#adopt(this.#fixed.plus(read));
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#polling = this.#poll();
    }, this.#pollMs).unref();
  }

  async #poll(): Promise<void> {
    try {
      await this.reload();
      this.#complaint = undefined;
    } catch (error) {
      const complaint = error instanceof Error ? error.message : String(error);
      if (complaint !== this.#complaint)
        this.#log.error({ reason: complaint }, 'key file unusable, keys unchanged');
      this.#complaint = complaint;
    }
    if (this.#running) this.#schedule();
  }

  #adopt(keys: KeySet): void {
    const before = this.#current.ids;
    this.#current = keys;
    const added = keys.ids.filter((id) => !before.includes(id));
    const removed = before.filter((id) => !keys.ids.includes(id));
    this.#log.info({ keys: keys.size, added, removed }, 'token keys in force');
    for (const version of keys.crowded) {
      this.#log.warn({ version }, `tokens without kid are tried with the first ${MAX_TRIED_KEYS} keys only`);
    }
  }
}
