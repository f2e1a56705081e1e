import { clock } from '../history/recorder.ts';
import { ClusterStore } from '../world/cluster-store.ts';
import { SentinelStore } from '../world/sentinel-store.ts';
import { type Fault, type FaultContext, forMs } from './fault.ts';

const sentinel = ({ world: { store } }: FaultContext): SentinelStore => {
  if (store instanceof SentinelStore) return store;
  throw new Error('not behind sentinels');
};
const cluster = ({ world: { store } }: FaultContext): ClusterStore => {
  if (store instanceof ClusterStore) return store;
  throw new Error('not a cluster');
};

/** Replicas stop following, people go on for a while, and then one of those replicas is the master: writes are lost. */
const laggingFailover: Fault = {
  kind: 'Sentinel failover to a lagging replica',
  weight: 5,
  needs: 'store',
  suits: ['sentinel'],
  async run(context) {
    const { topology, skewed } = sentinel(context);
    const kind = skewed ? `${laggingFailover.kind}, clock-behind or ahead` : laggingFailover.kind;
    await topology.holdReplication();
    await forMs(context.random.between(200, 2_000));
    const fault = context.recorder.fault(kind, 'store');
    fault.lostAt = fault.from;
    // Refused for too long, it was no failover: replicas that lag are all there is of it.
    await topology.failover(15_000).catch(() => {
      fault.note = 'no failover';
    });
    fault.to = clock();
    await topology.resumeReplication();
    await topology.healthy(60_000);
  },
};

const killedMaster: Fault = {
  kind: 'Sentinel master killed and replaced',
  weight: 4,
  needs: 'store',
  suits: ['sentinel'],
  async run(context) {
    const { topology, skewed } = sentinel(context);
    const kind = skewed ? `${killedMaster.kind}, clock-behind or ahead` : killedMaster.kind;
    const fault = context.recorder.fault(kind, 'store');
    fault.lostAt = fault.from;
    const killed = await topology.master();
    await killed.kill();
    await topology.replaced(killed, 20_000).catch(() => {
      fault.note = 'not replaced: back empty';
    });
    if (fault.note === undefined) fault.to = clock();
    await killed.start();
    await topology.healthy(60_000);
    if (fault.note !== undefined) fault.to = clock();
  },
};

const clusterMasterKilled: Fault = {
  kind: 'Cluster master killed and replaced',
  weight: 4,
  needs: 'store',
  suits: ['cluster'],
  async run(context) {
    const { topology } = cluster(context);
    const master = context.random.pick(await topology.masters());
    const fault = context.recorder.fault(clusterMasterKilled.kind, 'store');
    fault.lostAt = fault.from;
    await topology.killMaster(master, 60_000);
    fault.to = clock();
    await master.start();
    await topology.healthy(30_000);
  },
};

const clusterFailover: Fault = {
  kind: 'Cluster master changed places with its replica',
  weight: 2,
  needs: 'store',
  suits: ['cluster'],
  async run(context) {
    const { topology } = cluster(context);
    const master = context.random.pick(await topology.masters());
    const fault = context.recorder.fault(clusterFailover.kind, 'store');
    await topology.failover(master, 60_000);
    fault.to = clock();
    await topology.healthy(30_000);
  },
};

const migration: Fault = {
  kind: 'slots migrated under load',
  weight: 3,
  needs: 'store',
  suits: ['cluster'],
  async run(context) {
    const { topology } = cluster(context);
    const { world, random, recorder } = context;
    const fault = recorder.fault(migration.kind, 'store');
    const count = 1 + Math.floor(random.next() * 3);
    for (let i = 0; i < count; i++) {
      const partition = Math.floor(random.next() * world.partitions);
      await topology.migrate(topology.slotOf(partition, world.partitions));
    }
    fault.to = clock();
  },
};

/** One node and one of the masters cannot reach each other; all the others can. */
const oneMasterCut: Fault = {
  kind: 'one master cut off from one node',
  weight: 4,
  needs: 'node',
  suits: ['cluster'],
  async run(context) {
    const { topology } = cluster(context);
    const { recorder, random, slot } = context;
    const master = random.pick(await topology.masters());
    const fault = recorder.fault(oneMasterCut.kind, 'node', [slot.index]);
    slot.links.cut([master.port]);
    await forMs(random.between(300, 5_000));
    slot.links.heal();
    fault.to = clock();
  },
};

export const FAILOVER_FAULTS: readonly Fault[] = [
  laggingFailover,
  killedMaster,
  clusterMasterKilled,
  clusterFailover,
  migration,
  oneMasterCut,
];
