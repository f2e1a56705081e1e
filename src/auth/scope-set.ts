import { SCOPES, type Scope } from './principal.ts';

/** What a token without the claim may do. */
export const DEFAULT_SCOPE = 'connect watch';

const BIT = new Map<string, number>(SCOPES.map((scope, index) => [scope, 1 << index]));
/** One set for each combination that was ever seen: at most two to the power of the number of scopes. */
const sets = new Map<number, ReadonlySet<Scope>>();

/** What other services put between the scopes of a list. */
const SEPARATORS = /[,;|\t\r\n]/;

/**
 * What makes a `scope` claim no list of scopes; `undefined` for one that is fine. Beside a scope that is known, unknown
 * ones are fine: an issuer may also serve others. A claim without a single known one is a mistake, as is a scope that
 * hides in a word because another separator was used.
 *
 * @returns what was found, to be read after "is"; `''` for a claim that is no text, whose kind says enough.
 */
export const scopeProblem = (claim: unknown): string | undefined => {
  if (typeof claim !== 'string') return '';
  const unknown = unknownScopes(claim);
  const hides = (word: string): boolean =>
    SEPARATORS.test(word) && word.split(SEPARATORS).some((part) => BIT.has(part));
  if (unknown.some(hides)) return 'a list with other separators than spaces';
  return unknown.length > 0 && scopeSet(claim).size === 0
    ? 'a text without any scope of this service'
    : undefined;
};

/**
 * Reads a `scope` claim; what it does not know is ignored.
 *
 * @returns a set shared by all tokens with the same scopes; never change it.
 */
export const scopeSet = (claim: string): ReadonlySet<Scope> => {
  let mask = 0;
  for (const word of claim.split(' ')) mask |= BIT.get(word) ?? 0;
  let set = sets.get(mask);
  if (set === undefined) {
    set = new Set(SCOPES.filter((_, index) => mask & (1 << index)));
    sets.set(mask, set);
  }
  return set;
};

/** Words of a `scope` claim that mean nothing here: a typing error when this service issues the token. */
export const unknownScopes = (claim: string): string[] =>
  claim.split(' ').filter((word) => word !== '' && !BIT.has(word));
