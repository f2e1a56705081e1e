import type { ImportedKey, IssueKey, VerifyKey } from './key.ts';
import { KeyError } from './key-error.ts';
import { importLocalKey } from './local-keys.ts';
import type { Paserk } from './paserk.ts';
import type { TokenVersion } from './principal.ts';
import { signingSuites } from './signing-keys.ts';

/**
 * Keys tried for a token that names none: each costs a whole verification, and an unauthenticated client decides to
 * spend it.
 */
export const MAX_TRIED_KEYS = 4;

/** The keys in force at one moment, in the order of the settings. Never changes; a rotation makes another one. */
export class KeySet {
  static readonly NONE = new KeySet([], []);
  readonly #verify: readonly VerifyKey[];
  readonly #byId = new Map<string, VerifyKey>();
  readonly #tried = new Map<TokenVersion, readonly VerifyKey[]>();
  readonly #issue: readonly IssueKey[];

  private constructor(verify: readonly VerifyKey[], issue: readonly IssueKey[]) {
    const merged = new Map<string, VerifyKey>();
    for (const key of verify) {
      const [name = ''] = key.ids;
      const known = merged.get(name);
      // A secret key beside its own public half is one key with two names; the same key twice is one key.
      if (known === undefined || known.ids.length < key.ids.length) merged.set(name, key);
    }
    this.#verify = [...merged.values()];
    this.#issue = issue;
    for (const key of this.#verify) {
      for (const id of key.ids) this.#byId.set(id, key);
      const tried = this.#tried.get(key.version) ?? [];
      if (tried.length < MAX_TRIED_KEYS) this.#tried.set(key.version, [...tried, key]);
    }
  }

  /**
   * @param source - what to call these keys in errors: the name of a setting.
   * @throws KeyError when one is unusable, such as a point off its curve; the message gives its position.
   */
  static async import(paserks: readonly Paserk[], source: string): Promise<KeySet> {
    const keys = await Promise.all(
      paserks.map((paserk, at) => importKey(paserk, `${source}: key ${at + 1}`)),
    );
    return new KeySet(
      keys.map((key) => key.verify),
      keys.flatMap((key) => key.issue ?? []),
    );
  }

  /** The keys of this set, then those of another. */
  plus(other: KeySet): KeySet {
    return new KeySet([...this.#verify, ...other.#verify], [...this.#issue, ...other.#issue]);
  }

  get size(): number {
    return this.#verify.length;
  }

  /** Every name of every key. Names are public. */
  get ids(): string[] {
    return [...this.#byId.keys()];
  }

  /** Versions with more keys than are tried for a token without `kid`. */
  get crowded(): TokenVersion[] {
    const counts = new Map<TokenVersion, number>();
    for (const { version } of this.#verify) counts.set(version, (counts.get(version) ?? 0) + 1);
    return [...counts].filter(([, count]) => count > MAX_TRIED_KEYS).map(([version]) => version);
  }

  /**
   * The keys that may have made a token of this version and purpose; keys of another never come.
   *
   * @param kid - the key its footer names; then that key or none.
   */
  candidates(version: TokenVersion, kid: string | undefined): readonly VerifyKey[] {
    if (kid === undefined) return this.#tried.get(version) ?? NONE;
    const key = this.#byId.get(kid);
    return key?.version === version ? [key] : NONE;
  }

  /** The key that issues tokens: the first local or secret one. */
  get issueKey(): IssueKey | undefined {
    return this.#issue[0];
  }
}

const NONE: readonly VerifyKey[] = [];

const importKey = async (paserk: Paserk, name: string): Promise<ImportedKey> => {
  // A placeholder, and as an Ed25519 point one of order 4: anyone can forge signatures for it.
  if (paserk.type === 'public' && paserk.material.every((byte) => byte === 0)) {
    throw new KeyError(`${name} is a k${paserk.version}.public key of zeros`);
  }
  try {
    return paserk.type === 'local'
      ? importLocalKey[paserk.version](paserk)
      : await signingSuites[paserk.version].importKey(paserk);
  } catch {
    // Without a cause: errors of key parsers may quote what they were given.
    throw new KeyError(`${name} is not a valid k${paserk.version}.${paserk.type} key`);
  }
};
