import { Redis } from 'ioredis';
import type { RedisServer } from '../../support/redis-server.ts';
import { SentinelTopology } from '../../support/topologies/sentinel-topology.ts';
import type { ChaosStore } from './chaos-store.ts';
import { clockOff } from './clock-off.ts';

/** How far the clocks of the replicas are off when they are, s. */
const SKEWS_S = [0, -20, 20];

/** One master, two replicas, three sentinels; the replicas' clocks may be off. */
export class SentinelStore implements ChaosStore {
  readonly kind = 'sentinel';
  readonly topology: SentinelTopology;
  readonly client: Redis;
  readonly skewed: boolean;

  private constructor(topology: SentinelTopology, skewed: boolean) {
    this.topology = topology;
    this.skewed = skewed;
    this.client = new Redis({
      sentinels: topology.sentinels.map(({ host, port }) => ({ host, port })),
      name: 'mymaster',
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: 2_000,
      retryStrategy: () => 100,
      sentinelRetryStrategy: () => 100,
    });
    this.client.on('error', () => undefined);
  }

  /** @param wantsSkew - replicas whose clocks are off, where a C compiler is. */
  static async start(wantsSkew: boolean): Promise<SentinelStore> {
    const skewed = wantsSkew && clockOff(0) !== undefined;
    const topology = await SentinelTopology.start({
      server: (index) => {
        const env = skewed && index > 0 ? clockOff(SKEWS_S[index] ?? 0) : undefined;
        return env === undefined ? {} : { env };
      },
    });
    return new SentinelStore(topology, skewed);
  }

  get url(): string {
    return this.topology.url;
  }

  get addresses(): readonly RedisServer[] {
    return [...this.topology.sentinels, ...this.topology.servers];
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
