import { until } from '../test/support/until.ts';
import { names, signAll, startBenchCluster } from './lib/bench-cluster.ts';
import { Herd } from './lib/herd.ts';
import { cpuSeconds } from './lib/proc.ts';
import type { Benchmark, Sample } from './lib/result.ts';

const WATCHERS = 5_000;
/** Connections of one watcher: few people online keep the snapshots small, which are not measured here. */
const TABS = 50;
const TRANSITIONS = 60;
const ACTORS = 4;
/** Long enough for a round to reach everybody, beyond the fan-out window of 20 ms. */
const PAUSE_MS = 150;

const run = async (): Promise<Sample[]> => {
  const { cluster, stop } = await startBenchCluster(1, { FRAME_RATE: '1000', FRAME_BURST: '1000' });
  const node = cluster.node();
  const herd = new Herd({ host: '127.0.0.1', port: node.port });
  try {
    const people = await signAll(cluster, names('watcher', WATCHERS / TABS), {
      scope: 'connect watch watch:tenant',
    });
    const actors = await Promise.all(names('actor', ACTORS).map((name) => cluster.connect(name)));
    await herd.open(Array.from({ length: WATCHERS }, (_, i) => people[i % people.length] ?? ''));
    const welcomed = (await herd.count()).frames;
    await herd.send({ type: 'watch', tenant: true, ref: 'w' });
    await until(async () => (await herd.count()).frames >= welcomed + WATCHERS, { timeoutMs: 30_000 });
    const quiet = async (): Promise<number> => {
      let last = -1;
      return until(
        async () => {
          const { frames } = await herd.count();
          if (frames === last) return frames;
          last = frames;
          return undefined;
        },
        { timeoutMs: 60_000, everyMs: 200 },
      );
    };
    const before = {
      frames: await quiet(),
      cpu: cpuSeconds(node.pid),
      encoded: await node.metric('rollcall_views_encoded_total'),
      at: performance.now(),
    };

    // One transition after another: the next begins when the last one has reached every watcher.
    for (let i = 0; i < TRANSITIONS; i++) {
      const status = i % (2 * ACTORS) < ACTORS ? 'busy' : 'away';
      await actors[i % ACTORS]?.ask({ type: 'status', status });
      await until(async () => (await herd.count()).frames >= before.frames + (i + 1) * WATCHERS, {
        timeoutMs: 20_000,
        everyMs: 1,
      });
    }
    const seconds = (performance.now() - before.at) / 1_000;
    const cpu = cpuSeconds(node.pid) - before.cpu;
    const frames = (await quiet()) - before.frames;

    const encoded = (await node.metric('rollcall_views_encoded_total')) - before.encoded;

    // Several at once, for what a window merges into one frame; then a pause, so that rounds do not merge.
    const burst = { frames: await quiet(), cpu: cpuSeconds(node.pid) };
    const rounds = 15;
    for (let i = 0; i < rounds; i++) {
      const status = i % 2 === 0 ? 'online' : 'busy';
      await Promise.all(actors.map((actor) => actor.ask({ type: 'status', status, text: `${i}` })));
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    const merged = (await quiet()) - burst.frames;
    const mergedCpu = cpuSeconds(node.pid) - burst.cpu;
    return [
      { name: 'frames a second', unit: '/s', value: frames / seconds },
      { name: 'server CPU for a frame', unit: 'µs', value: (cpu / frames) * 1e6 },
      {
        name: 'views encoded for a transition',
        unit: '',
        value: encoded / TRANSITIONS,
        target: { max: 1.01 },
      },
      {
        name: `frames for a change that comes with ${ACTORS - 1} others`,
        unit: '',
        value: merged / (rounds * ACTORS * WATCHERS),
        note: 'below 1 because what falls into one window goes out in one frame',
      },
      {
        name: 'server CPU for such a change and watcher',
        unit: 'µs',
        value: (mergedCpu / (rounds * ACTORS * WATCHERS)) * 1e6,
      },
    ];
  } finally {
    await herd.stop();
    await stop();
  }
};

export const fanout: Benchmark = {
  title: 'Fan-out',
  about: `${WATCHERS} connections on one node watch their whole tenant; people of it change their status one after another. Frames are counted where they arrive, in two client processes that share the machine with the server.`,
  run,
};
