import type { Mutant } from './mutant.ts';

/** Parts that are right, and not connected. */
export const WIRING: readonly Mutant[] = [
  {
    name: 'event streams hear of no revocation',
    file: 'src/app.ts',
    from: 'ended: (principal) => revocations.refuses(principal),',
    to: 'ended: () => false,',
    test: 'test/integration/revocations-read.test.ts',
    title: 'ends an event stream',
    proves: 'an event stream outlives a revocation that its node read from the store',
  },
  {
    name: 'sessions hear of no revocation',
    file: 'src/app.ts',
    from: 'isRevoked: (principal) => revocations.refuses(principal),\n    membership: node.roster,',
    to: 'isRevoked: () => false,\n    membership: node.roster,',
    test: 'test/integration/revoked-on-the-way.test.ts',
    title: 'closes the socket',
    proves: 'a token revoked while it was verified lets somebody in',
  },
];
