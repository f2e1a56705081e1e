import { clock } from '../history/recorder.ts';
import { CHAOS_TIMINGS } from '../timings.ts';
import { StandaloneStore } from '../world/standalone-store.ts';
import type { World } from '../world/world.ts';
import { type Fault, type FaultContext, forMs } from './fault.ts';

/** A master that is silent for longer is replaced, which is a fault of its own, ms. */
const PATIENCE_MS = 600;

const isStandalone = (world: World): boolean => world.store.kind === 'standalone';

const standalone = ({ world }: FaultContext): StandaloneStore => {
  if (world.store instanceof StandaloneStore) return world.store;
  throw new Error(`this fault is not for ${world.store.kind}`);
};

const restart = (kind: string, keeps: boolean): Fault => ({
  kind,
  weight: 2.5,
  needs: 'store',
  suits: ['standalone'],
  async run(context) {
    const store = standalone(context);
    const fault = context.recorder.fault(kind, 'store');
    if (!keeps) fault.lostAt = fault.from;
    await store.server.kill();
    if (!keeps) await store.forget();
    await forMs(context.random.between(50, 3_000));
    await store.server.start();
    fault.to = clock();
  },
});

const flushAll: Fault = {
  kind: 'FLUSHALL',
  weight: 2.5,
  needs: 'store',
  async run({ recorder, world }) {
    const fault = recorder.fault(flushAll.kind, 'store');
    fault.lostAt = fault.from;
    for (const master of await world.store.masters()) await master.call('FLUSHALL');
    fault.to = clock();
  },
};

const killPubSub: Fault = {
  kind: 'pub/sub connections killed',
  weight: 2,
  needs: 'store',
  async run({ recorder, world }) {
    const fault = recorder.fault(killPubSub.kind, 'feed');
    for (const master of await world.store.masters()) await master.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    fault.to = clock();
  },
};

const freeze: Fault = {
  kind: 'Redis stopped for up to 3 s',
  weight: 2,
  needs: 'store',
  async run({ recorder, random, world }) {
    const fault = recorder.fault(freeze.kind, 'store');
    const master = random.pick(await world.store.masters());
    const longest = isStandalone(world) ? 3_000 : PATIENCE_MS;
    master.pause();
    await forMs(random.between(300, longest));
    master.resume();
    fault.to = clock();
  },
};

const clientPause: Fault = {
  kind: 'Redis gives no answer for 3 s',
  weight: 1,
  needs: 'store',
  async run({ recorder, random, world }) {
    const fault = recorder.fault(clientPause.kind, 'store');
    const master = random.pick(await world.store.masters());
    const longest = isStandalone(world) ? 3_000 : PATIENCE_MS;
    const ms = Math.round(random.between(longest / 3, longest));
    await master.call('CLIENT', 'PAUSE', ms, random.pick(['ALL', 'WRITE']));
    await forMs(ms);
    fault.to = clock();
  },
};

const outOfMemory: Fault = {
  kind: 'Redis out of memory',
  weight: 2,
  needs: 'store',
  async run({ recorder, random, world }) {
    const fault = recorder.fault(outOfMemory.kind, 'store');
    const masters = await world.store.masters();
    for (const master of masters) await master.call('CONFIG', 'SET', 'maxmemory', '1');
    await forMs(random.between(500, 2 * CHAOS_TIMINGS.heartbeatTtlMs));
    for (const server of world.store.servers)
      if (server.running) await server.call('CONFIG', 'SET', 'maxmemory', '0');
    fault.to = clock();
  },
};

export const REDIS_FAULTS: readonly Fault[] = [
  restart('Redis restarted empty', false),
  restart('Redis restarted with its data', true),
  flushAll,
  killPubSub,
  freeze,
  clientPause,
  outOfMemory,
];
