import { setTimeout as sleep } from 'node:timers/promises';
import type { TopologyKind } from '../support/topologies/redis-topology.ts';
import { audit } from './audit.ts';
import { check } from './checker/check.ts';
import { type Recovery, recoveries } from './checker/recovery.ts';
import { story } from './checker/story.ts';
import type { Violation } from './checker/violation.ts';
import { happen } from './faults/schedule.ts';
import type { History } from './history/history.ts';
import { clock, Recorder } from './history/recorder.ts';
import { Observers } from './people/observers.ts';
import { Places } from './people/places.ts';
import { Population } from './people/population.ts';
import { Random } from './random.ts';
import { CHAOS_BOUNDS } from './timings.ts';
import { World } from './world/world.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly topology: TopologyKind;
  /** Who is scripted. Default 120. */
  readonly people?: number;
  /** Only faults whose kind contains one of these. */
  readonly only?: readonly string[];
  /** What a node runs instead of the build. */
  readonly main?: string;
  /** Ends the run early when it has found something. */
  readonly impatient?: boolean;
}

export interface ChaosResult {
  readonly options: ChaosOptions;
  readonly violations: readonly Violation[];
  readonly recoveries: readonly Recovery[];
  readonly history: History;
  /** The first violation with everything that is known of the user concerned, and how to play it again. */
  readonly report: string;
}

const PEOPLE = 120;

/** One run: a world, its people, its observers, and what goes wrong. */
export const runChaos = async (options: ChaosOptions): Promise<ChaosResult> => {
  const random = new Random(options.seed);
  const world = await World.start(options.topology, options.seed % 2 === 0, options.main);
  const recorder = new Recorder();
  const { slots, issuer, store, prefix, partitions } = world;
  const population = new Population({
    size: options.people ?? PEOPLE,
    random: random.fork('people'),
    places: new Places(slots),
    recorder,
    issuer,
  });
  await population.start();
  const observers = new Observers({ slots, store, prefix, partitions, recorder, issuer, random });
  const found: Violation[] = [];
  try {
    await observers.start();
    const { seconds, only, impatient = false } = options;
    const isEnough = async (): Promise<boolean> => {
      if (!impatient) return false;
      await observers.finish();
      const sofar = check({ ...recorder, endedAt: clock() }, CHAOS_BOUNDS);
      // A socket closed by a node that was too busy is not what an impatient run is after.
      found.push(...sofar.filter(({ rule }) => rule !== 'socketsStayOpen'));
      return found.length > 0;
    };
    const faults = random.fork('faults');
    await happen({ world, recorder, random: faults, seconds, isEnough, ...(only && { only }) });
    await population.calm();
    if (found.length === 0) {
      await quiescence(recorder);
      await observers.finish();
      found.push(...(await audit(world, recorder)), ...unwell(observers));
      if (found.length > 0) process.stderr.write(`${slots.map((slot) => slot.node.tail(12)).join('\n')}\n`);
    }
    recorder.endedAt = clock();
  } finally {
    await observers.stop();
    population.drop();
    await world.stop();
  }
  const violations = [...check(recorder, CHAOS_BOUNDS), ...found];
  return {
    options,
    violations,
    recoveries: recoveries(recorder, CHAOS_BOUNDS),
    history: recorder,
    report: reportOf(options, recorder, violations),
  };
};

/** When all is quiet every watcher has its snapshot and is told that it may trust it. */
const unwell = ({ watchers }: Observers): Violation[] =>
  watchers
    .filter(({ isReady, isDegraded }) => !isReady || isDegraded)
    .map(({ name }) => ({
      rule: 'unwell',
      at: clock(),
      what: `${name} is still degraded or has no snapshot`,
    }));

/** Until everything promised has had its time: from then on every status is the truth. */
const quiescence = async ({ faults, connections }: Recorder): Promise<void> => {
  const { heal, delivery, slack, deaf, b } = CHAOS_BOUNDS;
  const last = Math.max(clock() - heal, ...faults.map(({ to, lateAt }) => Math.max(to, lateAt ?? 0)));
  const silent = connections.map(({ end }) => (end?.how === 'half-open' ? end.at + deaf : 0));
  const due = Math.max(last + heal + delivery + slack, Math.max(clock(), ...silent) + b + slack);
  // A moment more, in which the truth is shown and looked at.
  await sleep(due + 1_000 - clock());
};

const reportOf = (options: ChaosOptions, history: History, violations: readonly Violation[]): string => {
  const { seed, seconds, topology } = options;
  const replay = `CHAOS_SEED=${seed} CHAOS_SECONDS=${seconds} CHAOS_TOPOLOGY=${topology} npm run test:chaos`;
  const [first] = violations;
  if (first === undefined) return `seed ${seed}: nothing found. Again: ${replay}`;
  const byRule = new Map<string, number>();
  for (const { rule } of violations) byRule.set(rule, (byRule.get(rule) ?? 0) + 1);
  const seconds_ = (at: number): string => ((at - history.begunAt) / 1_000).toFixed(3);
  const list = violations
    .slice(0, 12)
    .map(({ rule, at, user, what }) => `  ${seconds_(at)} s ${rule}: ${user ?? ''} ${what}`);
  return [
    `seed ${seed}: ${violations.length} violations (${[...byRule].map(([rule, n]) => `${rule} ${n}`).join(', ')})`,
    ...list,
    `Again: ${replay}`,
    `What is known of ${first.user ?? 'the faults'}:`,
    story(history, first.user, first.at),
  ].join('\n');
};
