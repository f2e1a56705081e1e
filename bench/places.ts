import { until } from '../test/support/until.ts';
import { names, signAll, startBenchCluster } from './lib/bench-cluster.ts';
import { Herd } from './lib/herd.ts';
import { cpuSeconds } from './lib/proc.ts';
import { usedMemory } from './lib/redis-stats.ts';
import type { Benchmark, Sample } from './lib/result.ts';

const SIZES = [1_000, 5_000] as const;
/** Connections of one watcher. */
const TABS = 10;
const ROUNDS = 40;
const MOVERS = 50;
/** What one member may say. */
const CHANGES_A_SECOND = 5;
const MOVE_FOR_MS = 6_000;
const WINDOW_MS = 20;
const PLACE = 'doc:1';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const runWith = async (watchers: number): Promise<Sample[]> => {
  const { cluster, redis, stop } = await startBenchCluster(1, { FRAME_RATE: '1000', FRAME_BURST: '1000' });
  const node = cluster.node();
  const herd = new Herd({ host: '127.0.0.1', port: node.port });
  const frames = async (): Promise<number> => (await herd.count()).frames;
  const quiet = async (): Promise<number> => {
    let last = -1;
    return until(
      async () => {
        const now = await frames();
        if (now === last) return now;
        last = now;
        return undefined;
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
  };
  try {
    const people = await signAll(cluster, names('watcher', watchers / TABS));
    const movers = await Promise.all(names('mover', MOVERS).map((name) => cluster.connect(name)));
    await herd.open(Array.from({ length: watchers }, (_, i) => people[i % people.length] ?? ''));
    const welcomed = await quiet();
    await herd.send({ type: 'watch', places: [PLACE], ref: 'w' });
    await until(async () => (await frames()) >= welcomed + watchers, { timeoutMs: 60_000 });

    // One after another: the next comes when the last one has reached every watcher.
    const before = { frames: await quiet(), cpu: cpuSeconds(node.pid) };
    const [first] = movers;
    for (let i = 0; i < ROUNDS; i++) {
      if (i % 2 === 0) await first?.ask({ type: 'enter', place: PLACE, data: { color: 'red' } });
      else await first?.ask({ type: 'leave', place: PLACE });
      await until(async () => (await frames()) >= before.frames + (i + 1) * watchers, {
        timeoutMs: 30_000,
        everyMs: 1,
      });
    }
    const moved = { cpu: cpuSeconds(node.pid) - before.cpu, frames: (await quiet()) - before.frames };

    const empty = await usedMemory(redis);
    await Promise.all(
      movers.map((mover) => mover.ask({ type: 'enter', place: PLACE, data: { x: 0, y: 0 } })),
    );
    const bytes = ((await usedMemory(redis)) - empty) / MOVERS;

    const start = { frames: await quiet(), cpu: cpuSeconds(node.pid), at: performance.now() };
    let said = 0;
    while (performance.now() - start.at < MOVE_FOR_MS) {
      for (const mover of movers) {
        said += 1;
        mover.send({ type: 'enter', place: PLACE, data: { x: said, y: said } });
      }
      await pause(1000 / CHANGES_A_SECOND);
    }
    const seconds = (performance.now() - start.at) / 1000;
    const sent = (await quiet()) - start.frames;
    const cpu = cpuSeconds(node.pid) - start.cpu;
    const of = `${watchers} watchers`;
    return [
      {
        name: `${of}: server CPU for a frame of one who enters or leaves`,
        unit: 'µs',
        value: (moved.cpu / moved.frames) * 1e6,
      },
      {
        name: `${of}: frames a second and watcher while ${MOVERS} say ${CHANGES_A_SECOND} changes a second each`,
        unit: '/s',
        value: sent / watchers / seconds,
        target: { max: 1000 / WINDOW_MS },
      },
      {
        name: `${of}: server CPU for such a change and watcher`,
        unit: 'µs',
        value: (cpu / (said * watchers)) * 1e6,
      },
      {
        name: `${of}: bytes in Redis for a member with data`,
        unit: 'bytes',
        value: bytes,
        note: 'with log entry and index',
      },
    ];
  } finally {
    await herd.stop();
    await stop();
  }
};

export const places: Benchmark = {
  title: 'Places',
  about: `Connections on one node watch one place by name; people enter, leave and say data there. Frames are counted where they arrive, in two client processes that share the machine with the server.`,
  run: async () => {
    const samples: Sample[] = [];
    for (const watchers of SIZES) samples.push(...(await runWith(watchers)));
    return samples;
  },
};
