import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import type { Presence } from '../support/frames.ts';
import { expectRisingVersions } from '../support/history.ts';
import { hasRedisBinary, type RedisServer } from '../support/redis-server.ts';
import { bound, healBound, SLACK_MS } from '../support/timings.ts';
import { mastersOf, startTopology } from '../support/topologies/chosen-topology.ts';
import type { RedisTopology } from '../support/topologies/redis-topology.ts';
import { until } from '../support/until.ts';

/** A small seeded generator, so that a failing history can be played again: `ROLLCALL_SEED=… npx vitest …`. */
const generator = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

const STEPS = 120;
/** The longest pause between two steps: together long enough for heartbeats, graces and fences to fall anywhere. */
const PAUSE_MS = 140;
const NAMES = Array.from({ length: 10 }, (_, i) => `user-${i}`);
const seed = Number(process.env.ROLLCALL_SEED ?? Math.floor(Math.random() * 1e9));

describe.skipIf(!hasRedisBinary)('random histories with faults end in the truth', () => {
  let redis: RedisServer | RedisTopology;
  let cluster: Cluster;
  beforeAll(async () => {
    redis = await startTopology();
    cluster = await Cluster.start({ nodes: 3, redis });
  });
  afterAll(() => cluster?.stop());

  it(`seed ${seed}`, async () => {
    const random = generator(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const open = new Map<string, Client[]>(NAMES.map((name) => [name, []]));
    const claims = new Map<string, 'busy' | 'away'>();
    /** Claims of people who were not connected when Redis lost everything: nobody else knows them. */
    const forgotten = new Set<string>();
    const living = (): number[] =>
      cluster.nodes.flatMap((node, index) => (node.running && node !== paused ? [index] : []));
    let paused: (typeof cluster.nodes)[number] | undefined;

    // Watchers sit on the one node that no fault touches.
    const watchers = await Promise.all(['w-0', 'w-1'].map((name) => cluster.watcher(name)));
    for (const watcher of watchers) await watcher.watch({ users: NAMES });

    /** Takes one connection of somebody out of the list: it is about to end. */
    const leaving = (): Client | undefined => {
      const live = connections(pick(NAMES));
      return live.splice(Math.floor(random() * live.length), 1)[0];
    };
    const connections = (user: string): Client[] => {
      const live = (open.get(user) ?? []).filter((client) => !client.over);
      open.set(user, live);
      return live;
    };
    const actions: (() => Promise<void> | void)[] = [
      async () => {
        const user = pick(NAMES);
        connections(user).push(await cluster.connect(user, { node: pick(living()) }));
      },
      () => leaving()?.close(),
      () => leaving()?.terminate(),
      async () => {
        // On a paused node nobody answers.
        if (paused === undefined) await leaving()?.bye();
      },
      async () => {
        const user = pick(NAMES);
        const client = pick(connections(user));
        if (client === undefined || paused !== undefined) return;
        const status = pick(['busy', 'away', null] as const);
        const answer = await client.ask({ type: 'status', status }).catch(() => undefined);
        if (answer?.type !== 'ack') return;
        forgotten.delete(user);
        if (status === null) claims.delete(user);
        else claims.set(user, status);
      },
      () => {
        if (paused === undefined && random() < 0.3) {
          paused = cluster.node(1);
          paused.pause();
        } else {
          paused?.resume();
          paused = undefined;
        }
      },
    ];

    for (let step = 0; step < STEPS; step++) {
      if (step === 50) await cluster.node(2).kill();
      if (step === 80) {
        for (const master of await mastersOf(redis)) await master.call('FLUSHALL');
        for (const user of claims.keys()) if (connections(user).length === 0) forgotten.add(user);
      }
      await pick(actions)();
      await setTimeout(random() * PAUSE_MS);
    }
    paused?.resume();
    paused = undefined;

    const truth = (user: string): Presence['status'] =>
      connections(user).length === 0 ? 'offline' : (claims.get(user) ?? 'online');
    const isTrue = (user: string, shown: Presence['status'] = 'offline'): boolean =>
      shown === truth(user) || (forgotten.has(user) && connections(user).length > 0 && shown === 'online');
    for (const watcher of watchers) {
      await watcher
        .until(() => NAMES.every((user) => isTrue(user, watcher.last(user)?.status)), {
          timeoutMs: healBound() + bound() + SLACK_MS,
          what: 'the truth',
        })
        .catch((error: unknown) => {
          const wrong = NAMES.filter((user) => !isTrue(user, watcher.last(user)?.status)).map(
            (user) => `${user} is ${truth(user)} and shown as ${JSON.stringify(watcher.last(user))}`,
          );
          throw new Error(`seed ${seed}: ${wrong.join('; ')}`, { cause: error });
        });
      expectRisingVersions(watcher);
    }
    await until(
      async () => {
        for (const node of living()) {
          const { json, status } = await cluster.http('/v1/presence/batch', {
            method: 'POST',
            body: { users: NAMES },
            node,
          });
          if (status !== 200) return false;
          for (const p of json.users as Presence[]) {
            if (!isTrue(p.user, p.status) || p.ver !== watchers[0]?.last(p.user)?.ver) return false;
          }
        }
        return true;
      },
      { timeoutMs: healBound(), what: `the same answer from every node (seed ${seed})` },
    );
  });
});
