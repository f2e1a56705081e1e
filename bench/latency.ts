import type { Client } from '../test/support/client.ts';
import { names, signAll, startBenchCluster } from './lib/bench-cluster.ts';
import { Herd } from './lib/herd.ts';
import { type Benchmark, percentile, type Sample } from './lib/result.ts';

const CHANGES = 400;
const GOODBYES = 150;
const BYSTANDERS = 1_000;

/** Changes apart from each other: none waits for the fan-out window of the one before, none is over the frame rate. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 55));

const run = async (): Promise<Sample[]> => {
  const { cluster, stop } = await startBenchCluster(2);
  const herd = new Herd({ host: '127.0.0.1', port: cluster.node(1).port }, 1);
  try {
    await herd.open(await signAll(cluster, names('bystander', BYSTANDERS)));
    const watcher = await cluster.connect('watcher', { node: 1 });
    const leavers = names('leaver', GOODBYES);
    await watcher.watch({ users: ['actor', ...leavers] });
    const actor = await cluster.connect('actor', { node: 0 });
    await watcher.sees('actor', 'online');

    const changes: number[] = [];
    for (let i = 0; i < CHANGES; i++) {
      const text = `change ${i}`;
      const from = performance.now();
      actor.send({ type: 'status', status: 'busy', text });
      await watcher.until(() => watcher.last('actor')?.text === text);
      changes.push(performance.now() - from);
      await pause();
      trim(watcher);
    }
    const goodbyes: number[] = [];
    for (const name of leavers) {
      const leaver = await cluster.connect(name, { node: 0 });
      await watcher.sees(name, 'online');
      await pause();
      const from = performance.now();
      leaver.send({ type: 'bye' });
      await watcher.sees(name, 'offline');
      goodbyes.push(performance.now() - from);
      trim(watcher);
    }
    const row = (name: string, samples: number[], share: number): Sample => ({
      name,
      unit: 'ms',
      value: percentile(samples, share),
    });
    return [
      row('`status` at one node to the frame at another, p50', changes, 0.5),
      row('`status` at one node to the frame at another, p99', changes, 0.99),
      { ...row('`bye` at one node to `offline` at another, p50', goodbyes, 0.5) },
      { ...row('`bye` at one node to `offline` at another, p99', goodbyes, 0.99), target: { max: 1_000 } },
    ];
  } finally {
    await herd.stop();
    await stop();
  }
};

/** The client remembers everything; looking through a long history would be part of the measured time. */
const trim = (client: Client): void => {
  client.received.splice(0, client.received.length - 1);
};

export const latency: Benchmark = {
  title: 'From one node to another',
  about: `Two nodes, ${BYSTANDERS} bystanders connected. Measured in one process that holds both ends: from the write of the actor's frame to the watcher's receipt of the change.`,
  run,
};
