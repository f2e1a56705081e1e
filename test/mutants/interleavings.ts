import type { Mutant } from './mutant.ts';

/** Mistakes that show only when things happen in an unlucky order, or when machines fail in pairs. */
export const INTERLEAVINGS: readonly Mutant[] = [
  {
    name: 'reads of a store that refuses writes',
    file: 'src/node/cluster-health.ts',
    from: 'return this.#stuckSince === undefined && !this.#isSilent();',
    to: 'return !this.#isSilent();',
    test: 'test/unit/node/cluster-health.test.ts',
    title: 'is degraded as soon as that is known, until writes are taken again',
    proves: 'somebody welcomed a moment ago is said to be offline while Redis is out of memory',
  },
  {
    name: 'nodes of a user counted in one byte',
    file: 'src/store/lua/lib/row-codec.lua',
    from: 'local isWide = #nodes > 255',
    to: 'local isWide = false',
    test: 'test/contract/many-nodes.test.ts',
    title: 'counts the connections of a user on 300 nodes, until the last one goes',
    proves: 'a user of more than 255 nodes loses some of them silently',
  },
  {
    name: 'replicas waited for again and again',
    file: 'src/node/holding.ts',
    from: 'return this.#hidingSent > this.#claimStored;',
    to: 'return this.#hidingSent >= 0;',
    test: 'test/unit/node/own-claims.test.ts',
    title: 'is waited for only once',
    proves: 'somebody hidden who is active delays others while a replica is away',
  },
  {
    name: 'time of an outage counts',
    file: 'src/store/lua/beat.lua',
    from: 'if storedYoung > tick then young = heldFor == gen and hold or now + storedYoung - tick end',
    to: '',
    test: 'test/contract/fault-pairs.test.ts',
    title: 'who stays is never said to be offline',
    proves: 'reads say a wrong offline when Redis stops soon after it lost its data',
  },
  {
    name: 'taken in without what was shown',
    file: 'src/node/roster.ts',
    from: 'if (!holding.view) holding.heard = this.#options.knownViews.newest(member.ref);',
    to: '',
    test: 'test/unit/node/reassertion.test.ts',
    title: 'carries what a watcher here was last shown of whoever is taken in',
    proves: 'who moves just after a loss is told as newly online',
  },
  {
    name: 'services that are users',
    file: 'src/auth/claims.ts',
    from: '...(tenant === ANY_TENANT ? { service: sub } : { tenant, user: sub }),',
    to: 'tenant, user: sub,',
    test: 'test/integration/services-of-all-tenants.test.ts',
    title: 'is nobody in the tenant it watches: what befalls its namesake there is nothing to it',
    proves: 'a user closes the sockets of a service that has their name',
  },
];
