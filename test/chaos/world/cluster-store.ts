import { Cluster } from 'ioredis';
import type { RedisServer } from '../../support/redis-server.ts';
import { ClusterTopology } from '../../support/topologies/cluster-topology.ts';
import type { ChaosStore } from './chaos-store.ts';

/** Three masters and their replicas. */
export class ClusterStore implements ChaosStore {
  readonly kind = 'cluster';
  readonly topology: ClusterTopology;
  readonly client: Cluster;

  private constructor(topology: ClusterTopology) {
    this.topology = topology;
    this.client = new Cluster(
      topology.servers.map(({ host, port }) => ({ host, port })),
      {
        enableOfflineQueue: false,
        clusterRetryStrategy: () => 100,
        slotsRefreshInterval: 1_000,
        redisOptions: { commandTimeout: 2_000, maxRetriesPerRequest: 0 },
      },
    );
    this.client.on('error', () => undefined);
  }

  static async start(): Promise<ClusterStore> {
    return new ClusterStore(await ClusterTopology.start());
  }

  get url(): string {
    return this.topology.url;
  }

  get addresses(): readonly RedisServer[] {
    return this.topology.servers;
  }

  get servers(): readonly RedisServer[] {
    return this.topology.servers;
  }

  masters(): Promise<readonly RedisServer[]> {
    return this.topology.masters();
  }

  healthy(): Promise<void> {
    return this.topology.healthy(30_000);
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    await this.topology.stop();
  }
}
