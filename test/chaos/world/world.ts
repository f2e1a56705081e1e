import { randomUUID } from 'node:crypto';
import { createIssuer, type Issuer } from '../../support/tokens.ts';
import type { TopologyKind } from '../../support/topologies/redis-topology.ts';
import type { Plan } from '../plan/plan.ts';
import type { ChaosStore } from './chaos-store.ts';
import { ClusterStore } from './cluster-store.ts';
import { SentinelStore } from './sentinel-store.ts';
import { Slot } from './slot.ts';
import { StandaloneStore } from './standalone-store.ts';

const NODES = 3;
const PARTITIONS = 8;

export type WorldOptions = Pick<Plan, 'topology' | 'skewed' | 'damped'>;

/** A store, nodes with proxies before it, and who signs tokens. */
export class World {
  readonly store: ChaosStore;
  readonly slots: readonly Slot[];
  readonly issuer: Issuer;
  readonly prefix: string;
  readonly partitions = PARTITIONS;

  private constructor(store: ChaosStore, slots: readonly Slot[], issuer: Issuer, prefix: string) {
    this.store = store;
    this.slots = slots;
    this.issuer = issuer;
    this.prefix = prefix;
  }

  /**
   * @param main - what a node runs instead of the build.
   */
  static async start({ topology, skewed, damped }: WorldOptions, main?: string): Promise<World> {
    const issuer = await createIssuer();
    const prefix = `chaos-${randomUUID().slice(0, 8)}`;
    const store = await openStore(topology, skewed);
    const slots: Slot[] = [];
    const world = new World(store, slots, issuer, prefix);
    try {
      for (let index = 0; index < NODES; index++) {
        const { publicKey } = issuer;
        const { url: storeUrl, addresses } = store;
        const more = main === undefined ? {} : { main };
        slots.push(
          await Slot.create({
            index,
            storeUrl,
            addresses,
            publicKey,
            prefix,
            partitions: PARTITIONS,
            damped,
            ...more,
          }),
        );
      }
      await Promise.all(slots.map((slot) => slot.start()));
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.slots.map((slot) => slot.stop()));
    await this.store.stop();
  }
}

const openStore = async (kind: TopologyKind, skewed: boolean): Promise<ChaosStore> => {
  switch (kind) {
    case 'standalone':
      return StandaloneStore.start();
    case 'sentinel':
      return SentinelStore.start(skewed);
    case 'cluster':
      return ClusterStore.start();
  }
};
