import type { Cluster, Redis } from 'ioredis';
import type { RedisServer } from '../../support/redis-server.ts';
import type { TopologyKind } from '../../support/topologies/redis-topology.ts';
import type { StoreAddress } from './node-links.ts';

/** The store of a run: servers that faults are done to, and a client of the test's own that no proxy stands before. */
export interface ChaosStore {
  readonly kind: TopologyKind;
  readonly url: string;
  /** Everything a node may connect to, sentinels included. */
  readonly addresses: readonly StoreAddress[];
  /** Every server that holds data. */
  readonly servers: readonly RedisServer[];
  /** Waits until all of it is as it was before a fault. */
  healthy(): Promise<void>;
  /** Those that take writes now. */
  masters(): Promise<readonly RedisServer[]>;
  /** Goes wherever the data is now; never queues. */
  readonly client: Redis | Cluster;
  stop(): Promise<void>;
}
