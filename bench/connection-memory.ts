import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { end, own } from '../test/support/child.ts';
import { freePort } from '../test/support/ports.ts';
import { names, signAll, startBenchCluster } from './lib/bench-cluster.ts';
import { Herd } from './lib/herd.ts';
import { rssBytes } from './lib/proc.ts';
import type { Benchmark, Sample } from './lib/result.ts';

const CONNECTIONS = 10_000;
/** These are there before it is measured: what a node that has done nothing yet can give back would else be counted too. */
const FIRST = 1_000;
const BARE = fileURLToPath(new URL('./lib/bare-server.ts', import.meta.url));
/** V8 gives back what the storm of connecting left behind about half a minute after it has ended. */
const SETTLE_MS = 60_000;

/** Resident bytes for each further idle connection, once there are some. */
const perConnection = async (pid: number, port: number, tokens: readonly string[]): Promise<number> => {
  const herd = new Herd({ host: '127.0.0.1', port });
  const settled = async (some: readonly string[]): Promise<number> => {
    await herd.open(some);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    return rssBytes(pid);
  };
  try {
    const before = await settled(tokens.slice(0, FIRST));
    const after = await settled(tokens.slice(FIRST));
    const { open } = await herd.count();
    if (open !== tokens.length) throw new Error(`${tokens.length - open} connections were lost`);
    return (after - before) / (tokens.length - FIRST);
  } finally {
    await herd.stop();
  }
};

const bare = async (): Promise<number> => {
  const port = await freePort();
  const child = own(fork(BARE, [String(port)]));
  try {
    await once(child, 'message');
    const tokens = Array.from({ length: CONNECTIONS }, () => 'none');
    return await perConnection(child.pid ?? 0, port, tokens);
  } finally {
    await end(child, 'SIGKILL');
  }
};

const run = async (): Promise<Sample[]> => {
  const { cluster, stop } = await startBenchCluster(1);
  try {
    const tokens = await signAll(cluster, names('idle', CONNECTIONS));
    const node = cluster.node();
    const ours = await perConnection(node.pid, node.port, tokens);
    return [
      {
        name: 'RSS for a signed-in idle connection',
        unit: 'KiB',
        value: ours / 1_024,
        target: { max: 10 },
        note: `of the last ${(CONNECTIONS - FIRST).toLocaleString('en-US')} of them, a minute after they connected, beyond what the process had a minute after the first`,
      },
      { name: 'RSS for a connection of a bare `ws` server', unit: 'KiB', value: (await bare()) / 1_024 },
    ];
  } finally {
    await stop();
  }
};

export const connectionMemory: Benchmark = {
  title: 'Memory of a connection',
  about: `${CONNECTIONS.toLocaleString('en-US')} idle connections of as many users on one node; beside it a server of \`ws\` alone that does nothing with its sockets.`,
  run,
};
