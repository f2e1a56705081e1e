import { until } from '../test/support/until.ts';
import { names, signAll, startBenchCluster } from './lib/bench-cluster.ts';
import { Herd } from './lib/herd.ts';
import { cpuSeconds, openFilesLimit } from './lib/proc.ts';
import { scriptCalls } from './lib/redis-stats.ts';
import type { Benchmark, Sample } from './lib/result.ts';

const STORM = 5_000;
const PROBE = 1_000;
/** Files of the node that are not client sockets, and the probe that comes on top. */
const SPARE_FILES = 300;
const LEVELS = [0, 10_000, Math.min(20_000, openFilesLimit() - PROBE - SPARE_FILES)];

const run = async (): Promise<Sample[]> => {
  const { cluster, redis, stop } = await startBenchCluster(1);
  const node = cluster.node();
  const herd = new Herd({ host: '127.0.0.1', port: node.port });
  let user = 0;
  const open = async (count: number): Promise<{ seconds: number; cpu: number; scripts: number }> => {
    const tokens = await signAll(cluster, names(`user-${user++}`, count));
    const before = { scripts: await scriptCalls(redis), cpu: cpuSeconds(node.pid), at: performance.now() };
    await herd.open(tokens);
    return {
      seconds: (performance.now() - before.at) / 1_000,
      cpu: cpuSeconds(node.pid) - before.cpu,
      scripts: (await scriptCalls(redis)) - before.scripts,
    };
  };
  const empty = async (): Promise<void> => {
    await herd.close();
    await until(async () => (await node.metric('rollcall_connections')) === 0, { timeoutMs: 60_000 });
  };
  try {
    // A process that has served nobody yet still compiles its code: that is not the cost of a connect.
    await open(PROBE);
    await empty();
    const storm = await open(STORM);
    await empty();
    const samples: Sample[] = [
      { name: `connects a second, ${STORM} at once`, unit: '/s', value: STORM / storm.seconds },
      {
        name: 'script calls for each 1,000 of these connects',
        unit: 'calls',
        value: (storm.scripts / STORM) * 1_000,
        note: 'all that Redis was asked meanwhile, heartbeats and sweeps included',
      },
    ];
    const costs: number[] = [];
    for (const level of LEVELS) {
      const missing = level - (await herd.count()).open;
      if (missing > 0) await open(missing);
      const { cpu } = await open(PROBE);
      costs.push(cpu);
      samples.push({
        name: `server CPU for 1,000 connects, ${level.toLocaleString('en-US')} already connected`,
        unit: 's',
        value: cpu,
        target: { max: 0.8 },
      });
    }
    const [first = Number.NaN] = costs;
    samples.push({
      name: 'the last of these by the first',
      unit: '×',
      value: (costs.at(-1) ?? Number.NaN) / first,
      target: { max: 1.25 },
    });
    samples.push({
      name: 'attempts turned away in all this, and made again',
      unit: '',
      value: (await herd.count()).again,
      note: 'a node whose event loop is late answers 503 rather than make its connections wait',
    });
    return samples;
  } finally {
    await herd.stop();
    await stop();
  }
};

export const connects: Benchmark = {
  title: 'Connecting',
  about:
    'A storm: every client connects to one node as fast as it lets them, each with a v4.public token of its own, and counts as connected when its `welcome` came, which is after Redis has stored it.',
  run,
};
