import { SCOPES, type Scope } from './principal.ts';

/** What a token without the claim may do. */
export const DEFAULT_SCOPE = 'connect watch';

const BIT = new Map<string, number>(SCOPES.map((scope, index) => [scope, 1 << index]));
/** One set for each combination that was ever seen: at most two to the power of the number of scopes. */
const sets = new Map<number, ReadonlySet<Scope>>();

/**
 * Reads a `scope` claim. Unknown scopes are ignored, so that an issuer may also serve others.
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
