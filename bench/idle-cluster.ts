import { names, signAll, startBenchCluster } from './lib/bench-cluster.ts';
import { Herd } from './lib/herd.ts';
import { cpuSeconds } from './lib/proc.ts';
import { monitored, redisCpu } from './lib/redis-stats.ts';
import type { Benchmark, Sample } from './lib/result.ts';

const NODES = 3;
const CONNECTED = 300;
const SETTLE_MS = 8_000;
const WATCHED_MS = 16_000;

const run = async (): Promise<Sample[]> => {
  const { cluster, redis, stop } = await startBenchCluster(NODES);
  const herd = new Herd({ host: '127.0.0.1', port: cluster.node().port }, 1);
  try {
    await herd.open(await signAll(cluster, names('idle', CONNECTED)));
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const commands = await monitored(redis, WATCHED_MS);
    // Apart from the count: MONITOR itself costs Redis more than what it shows.
    const before = { redis: await redisCpu(redis), node: cpuSeconds(cluster.node().pid) };
    await new Promise((resolve) => setTimeout(resolve, WATCHED_MS / 2));
    const seconds = WATCHED_MS / 2_000;
    const rate = (count: number): number => count / (WATCHED_MS / 1_000) / NODES;
    const total = [...commands.values()].reduce((sum, count) => sum + count, 0);
    return [
      {
        name: 'Redis commands a second and node',
        unit: '/s',
        value: rate(total),
        note: `heartbeats, reaps and sweeps of 16 partitions with the default periods, whatever the number of idle connections; last seen: ${[
          ...commands,
        ]
          .sort(([, a], [, b]) => b - a)
          .map(([name, count]) => `${name} ${rate(count).toFixed(1)}`)
          .join(', ')}`,
      },
      {
        name: 'Redis CPU',
        unit: '% of a core',
        value: (((await redisCpu(redis)) - before.redis) / seconds) * 100,
      },
      {
        name: `CPU of the node that holds ${CONNECTED} connections`,
        unit: '% of a core',
        value: ((cpuSeconds(cluster.node().pid) - before.node) / seconds) * 100,
      },
    ];
  } finally {
    await herd.stop();
    await stop();
  }
};

export const idleCluster: Benchmark = {
  title: 'An idle cluster',
  about: `${NODES} nodes with the default settings, ${CONNECTED} connections on one of them, and nobody does anything.`,
  run,
};
