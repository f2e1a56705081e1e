import { until } from '../test/support/until.ts';
import { names, signAll, startBenchCluster } from './lib/bench-cluster.ts';
import { Herd } from './lib/herd.ts';
import { redisCpu, scriptCalls } from './lib/redis-stats.ts';
import { type Benchmark, percentile, type Sample } from './lib/result.ts';

const NODES = 2;
const SECONDS = 4;
const WARM_UP = 600;
const RATES = [100, 500, 600, 2_000];
const STORM = 5_000;
/** What is promised of a connect at this rate on two cores, clients included. */
const PROMISED = { perSecond: 600, p95Ms: 60 };

const run = async (): Promise<Sample[]> => {
  const { cluster, redis, stop } = await startBenchCluster(NODES);
  const herds = cluster.nodes.map(({ port }) => new Herd({ host: '127.0.0.1', port }, 1));
  let user = 0;
  const open = async (
    count: number,
    perSecond: number,
  ): Promise<{ waits: number[]; calls: number; cpu: number; seconds: number }> => {
    const shares = await Promise.all(
      herds.map(() => signAll(cluster, names(`user-${user++}`, count / NODES))),
    );
    const before = { calls: await scriptCalls(redis), cpu: await redisCpu(redis), at: performance.now() };
    const waits = await Promise.all(
      herds.map((herd, i) => herd.openAtRate(shares[i] ?? [], perSecond / NODES)),
    );
    const seconds = (performance.now() - before.at) / 1_000;
    return {
      ...{ waits: waits.flat(), seconds },
      calls: (await scriptCalls(redis)) - before.calls,
      cpu: (await redisCpu(redis)) - before.cpu,
    };
  };
  const empty = async (): Promise<void> => {
    await Promise.all(herds.map((herd) => herd.close()));
    const connections = cluster.nodes.map((node) => () => node.metric('rollcall_connections'));
    for (const of of connections) await until(async () => (await of()) === 0, { timeoutMs: 60_000 });
  };
  try {
    await open(WARM_UP, PROMISED.perSecond);
    await empty();
    const samples: Sample[] = [];
    const tell = async (label: string, count: number, perSecond: number): Promise<void> => {
      const { waits, calls, cpu, seconds } = await open(count, perSecond);
      await empty();
      const isPromised = perSecond === PROMISED.perSecond;
      samples.push(
        { name: `${label}: \`welcome\` p50`, unit: 'ms', value: percentile(waits, 0.5) },
        {
          ...{ name: `${label}: \`welcome\` p95`, unit: 'ms', value: percentile(waits, 0.95) },
          ...(isPromised && { target: { max: PROMISED.p95Ms } }),
        },
        { name: `${label}: script calls a connect`, unit: '', value: calls / count },
        { name: `${label}: CPU of Redis`, unit: '%', value: (cpu / seconds) * 100 },
      );
    };
    for (const rate of RATES) await tell(`${rate} a second`, rate * SECONDS, rate);
    await tell(`${STORM} within a second`, STORM, STORM);
    return samples;
  } finally {
    await Promise.all(herds.map((herd) => herd.stop()));
    await stop();
  }
};

export const connectRates: Benchmark = {
  title: 'Connecting at a rate',
  about:
    'Clients connect to two nodes at a steady rate, however long each takes, and count the time from the start of the connect to `welcome`. Nothing is made to wait for company: Redis is asked with what came while it was asked before, so it is asked less for each the busier it is.',
  run,
};
