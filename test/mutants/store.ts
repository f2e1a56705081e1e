import type { Mutant } from './mutant.ts';

/** Mistakes in the rules of presence, in either of the two places that say them. */
export const STORE: readonly Mutant[] = [
  {
    name: 'claim of an equal stamp (Redis)',
    file: 'src/store/lua/rules/absorb.lua',
    from: 'if not claim or claim.stamp <= max(',
    to: 'if not claim or claim.stamp < max(',
    test: 'test/contract/own-claim.test.ts',
    title: 'of one stamp is the one that came first',
    proves: 'nodes that say two claims of one stamp change what others see at every batch',
  },
  {
    name: 'claim of an equal stamp (memory)',
    file: 'src/domain/absorb.ts',
    from: 'if (claim === undefined || claim.stamp <= Math.max(',
    to: 'if (claim === undefined || claim.stamp < Math.max(',
    test: 'test/contract/own-claim.test.ts',
    title: 'of one stamp is the one that came first',
    proves: 'nodes that say two claims of one stamp change what others see at every batch',
  },
];
