/**
 * How much CPU fan-out itself takes, without sockets: one node, 5,000 sinks in memory. What a socket adds (about 8 µs a
 * write) is measured elsewhere. Run: `npx tsx bench/fanout-core.ts`.
 */

import type { View } from '../src/domain/model.ts';
import type { FeedListener } from '../src/events/feed.ts';
import { NodeFanout } from '../src/fanout/node-fanout.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { systemClock } from '../src/time/clock.ts';
import { notHere } from '../test/support/not-here.ts';

const WATCHERS = 5000;
const USERS = 2000;
const silent = { info: () => undefined, warn: () => undefined, error: console.error };

const viewOf = (user: string, ver: number): View => ({
  user,
  status: ver % 2 === 0 ? 'away' : 'online',
  since: 1_795_262_400_000 + ver,
  ver: 1_795_262_400_000_000 + ver,
  name: `Person ${user}`,
  devices: ['web'],
});

interface Bench {
  readonly emit: (user: number) => void;
  readonly watch: (request: { users?: string[]; tenant?: boolean }) => Promise<void>;
  readonly sent: { frames: number; bytes: number };
  readonly stop: () => Promise<void>;
}

const bench = async (fanoutWindowMs: number): Promise<Bench> => {
  let listener: FeedListener = {};
  const views = Array.from({ length: USERS }, (_, n) => viewOf(`user-${n}`, n));
  const fanout = new NodeFanout({
    store: {
      partitions: 1,
      partitionOf: () => 0,
      reports: { restore: async () => undefined },
      views: {
        ...{ readSelf: notHere, explain: notHere },
        read: async (_, users) => users.map((user) => viewOf(user, 1)),
        page: async () => ({ users: views }),
        count: async () => ({ online: USERS, away: 0, busy: 0 }),
      },
      groups: { page: notHere, count: notHere, members: async () => [] },
      places: { members: async () => [], top: notHere, counts: notHere },
    },
    feed: {
      subscribe: (given) => {
        listener = given;
        return () => undefined;
      },
    },
    settings: {
      fanoutWindowMs,
      maxWatches: 5000,
      maxNodeWatches: 100_000_000,
      tenantWatchMax: 5000,
      placeWatchMax: 5000,
      watchPolicy: 'tenant',
    },
    metrics: createMetrics(),
    clock: systemClock,
    log: silent,
  });
  await fanout.start();
  const sent = { frames: 0, bytes: 0 };
  let ver = USERS;
  return {
    sent,
    emit: (user) => {
      ver += 1;
      listener.transition?.({
        id: Date.now() * 1000,
        partition: 0,
        transition: { ...viewOf(`user-${user}`, ver), tenant: 'acme', previous: 'away', reason: 'active' },
      });
    },
    watch: async (request) => {
      const sink = {
        buffered: 0,
        send: (frame: string | Buffer) => {
          sent.frames += 1;
          // A socket takes bytes: what was put together lazily is paid for here.
          sent.bytes += typeof frame === 'string' ? Buffer.from(frame).length : frame.length;
        },
      };
      await fanout
        .watcher('acme', sink, { self: 'me', users: true, everyone: true, groups: [], sharedOnly: false })
        .watch(request);
    },
    stop: () => fanout.stop(),
  };
};

const cpuMs = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

interface Row {
  readonly what: string;
  readonly transitions: number;
  readonly frames: number;
  readonly 'frames/s': number;
  readonly 'CPU µs/frame': number;
  readonly 'CPU µs/transition': number;
}
const rows: Row[] = [];

const measure = async (
  what: string,
  setup: Bench,
  transitions: number,
  run: () => Promise<void>,
): Promise<void> => {
  setup.sent.frames = 0;
  const started = process.cpuUsage();
  await run();
  const ms = cpuMs(started);
  rows.push({
    what,
    transitions,
    frames: setup.sent.frames,
    'frames/s': Math.round((setup.sent.frames / ms) * 1000),
    'CPU µs/frame': Number(((ms * 1000) / setup.sent.frames).toFixed(3)),
    'CPU µs/transition': Number(((ms * 1000) / transitions).toFixed(1)),
  });
};

/** Transitions at a steady pace over real time, so that windows do what they do. */
const paced = async (setup: Bench, perSecond: number, seconds: number): Promise<void> => {
  const started = performance.now();
  let made = 0;
  while (made < perSecond * seconds) {
    const due = Math.min(perSecond * seconds, ((performance.now() - started) / 1000) * perSecond);
    for (; made < due; made += 1) setup.emit(((made * 7) % 100) * 20);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
};

const crowd = async (setup: Bench, request: { users?: string[]; tenant?: boolean }): Promise<void> => {
  for (let n = 0; n < WATCHERS; n += 1) await setup.watch(request);
};

for (const [name, request] of [
  ['one tenant', { tenant: true }],
  ['the same 100 users', { users: Array.from({ length: 100 }, (_, n) => `user-${n * 20}`) }],
] as const) {
  const many = 'users' in request ? { users: [...request.users] } : request;
  const alone = await bench(0);
  const before = process.cpuUsage();
  const mark = alone.sent;
  await crowd(alone, many);
  const ms = cpuMs(before);
  rows.push({
    what: `${name}: snapshots`,
    transitions: 0,
    frames: mark.frames,
    'frames/s': Math.round((mark.frames / ms) * 1000),
    'CPU µs/frame': Number(((ms * 1000) / mark.frames).toFixed(3)),
    'CPU µs/transition': 0,
  });
  for (let n = 0; n < 200; n += 1) alone.emit((n % 100) * 20);
  await measure(`${name}: no window`, alone, 2000, async () => {
    for (let n = 0; n < 2000; n += 1) alone.emit((n % 100) * 20);
  });
  await alone.stop();
  const windowed = await bench(20);
  await crowd(windowed, many);
  await paced(windowed, 1000, 1);
  await measure(`${name}: window 20 ms, 1,000/s`, windowed, 5000, () => paced(windowed, 1000, 5));
  await windowed.stop();
}
console.log(`${WATCHERS} watchers in memory, ${process.version}`);
console.table(rows);
