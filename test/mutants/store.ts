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
  {
    name: 'a note of a hidden user shown again after a loss (Redis)',
    file: 'src/store/lua/rules/note.lua',
    from: 'if Profile.isHidden(row) then row.pendingNote = note else',
    to: 'if false then row.pendingNote = note else',
    test: 'test/contract/notes.test.ts',
    title: 'only they know it before they are seen',
    proves: 'after a loss others see of a hidden user what they would not see of one who left',
  },
  {
    name: 'an end of a claim forgotten (memory)',
    file: 'src/domain/claims.ts',
    from: 'judge(held ?? row.endedClaims.get(source), word, today);',
    to: 'judge(held, word, today);',
    test: 'test/contract/claim-order.test.ts',
    title: 'a late "in a call" after its end',
    proves: 'a write that comes late brings a claim back that was cleared',
  },
  {
    name: 'a renewal that is news (Redis)',
    file: 'src/store/lua/rules/claims.lua',
    from: 'if isRenewal(held, word) then',
    to: 'if false then',
    test: 'test/contract/claim-order.test.ts',
    title: 'renewing does not make it newer',
    proves: 'whoever renews a lease pushes aside what was set since',
  },
  {
    name: 'a call that waits for a hidden user (memory)',
    file: 'src/domain/profile.ts',
    from: 'row.pendingProfile = name && { name };',
    to: 'row.pendingProfile = { ...row.pendingProfile };',
    test: 'test/contract/groups-by-call.test.ts',
    title: 'is taken out as',
    proves: 'what an older token said comes back when a hidden user is seen again',
  },
];
