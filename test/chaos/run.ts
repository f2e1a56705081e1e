import { setTimeout as sleep } from 'node:timers/promises';
import { audit } from './audit.ts';
import { check } from './checker/check.ts';
import { type Recovery, recoveries } from './checker/recovery.ts';
import type { Violation } from './checker/violation.ts';
import { type Happened, happen } from './faults/schedule.ts';
import type { History } from './history/history.ts';
import { clock, Recorder } from './history/recorder.ts';
import { Observers } from './people/observers.ts';
import { Places } from './people/places.ts';
import { Population } from './people/population.ts';
import type { Plan } from './plan/plan.ts';
import { Random } from './random.ts';
import { type Bounds, boundsFor, DAMPING } from './timings.ts';
import { World } from './world/world.ts';

export interface RunOptions {
  /** What a node runs instead of the build. */
  readonly main?: string;
  /** Ends the run as soon as it has found something that this is true of. */
  readonly enough?: (violation: Violation) => boolean;
}

export interface ChaosResult {
  /** What was carried out of the plan: the rounds for which there was time. */
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  readonly recoveries: readonly Recovery[];
  readonly history: History;
  /** When each round began. */
  readonly begun: readonly number[];
}

/** One run: a world, its people, its observers, and what goes wrong. */
export const runChaos = async (plan: Plan, { main, enough }: RunOptions = {}): Promise<ChaosResult> => {
  const random = new Random(plan.seed);
  const world = await World.start(plan, main);
  const recorder = new Recorder(plan.damped ? DAMPING : undefined);
  const bounds = boundsFor(recorder);
  const { slots, issuer, store, prefix, partitions } = world;
  const population = new Population({
    people: plan.people,
    random: random.fork('people'),
    places: new Places(slots),
    recorder,
    issuer,
  });
  await population.start();
  const observers = new Observers({ slots, store, prefix, partitions, recorder, issuer, random });
  const found: Violation[] = [];
  let happened: readonly Happened[] = [];
  try {
    await observers.start();
    const isEnough = async (): Promise<boolean> => {
      if (enough === undefined) return false;
      await observers.finish();
      return check({ ...recorder, endedAt: clock() }, bounds).some(enough);
    };
    happened = await happen({ world, recorder, plan, isEnough });
    const isOver = await isEnough();
    await population.calm();
    if (!isOver) {
      await quiescence(recorder, bounds);
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
  return {
    plan: { ...plan, rounds: happened.map(({ round }) => round) },
    violations: [...check(recorder, bounds), ...found],
    recoveries: recoveries(recorder, bounds),
    history: recorder,
    begun: happened.map(({ begunAt }) => begunAt),
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
const quiescence = async ({ faults, connections }: Recorder, bounds: Bounds): Promise<void> => {
  const { heal, delivery, slack, deaf, b, gather } = bounds;
  const last = Math.max(clock() - heal, ...faults.map(({ to, lateAt }) => Math.max(to, lateAt ?? 0)));
  const silent = connections.map(({ end }) => (end?.how === 'half-open' ? end.at + deaf : 0));
  const due = Math.max(last + heal + delivery + slack + gather, Math.max(clock(), ...silent) + b + slack);
  // A moment more, in which the truth is shown and looked at.
  await sleep(due + 1_000 - clock());
};
