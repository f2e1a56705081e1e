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
  {
    name: 'revocations are not read again after degraded',
    file: 'src/node/reconciler.ts',
    from: 'health.onDegraded((degraded) => degraded || revocations.load()),',
    to: 'health.onDegraded(() => undefined),',
    test: 'test/unit/node/presence-node.test.ts',
    title: 'when it is degraded no more',
    proves: 'a revocation that a node missed while it was cut off is unknown there',
  },
  {
    name: 'revocations are not read again after a reset of the feed',
    file: 'src/node/reconciler.ts',
    from: 'reset: () => revocations.load(),',
    to: 'reset: () => undefined,',
    test: 'test/unit/node/presence-node.test.ts',
    title: 'when its feed has lost entries, in one partition alone',
    proves: 'a revocation among what the feed lost is unknown there',
  },
  {
    name: 'a link that breaks does not change health',
    file: 'src/node/cluster-health.ts',
    from: 'options.link.onTurn(() => this.refresh());',
    to: '',
    test: 'test/integration/degraded-at-once.test.ts',
    title: 'at once when the link breaks, and no more when it is back',
    proves: 'nobody is told that what they see is stale before the next heartbeat',
  },
];
