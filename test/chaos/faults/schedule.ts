import { setTimeout as sleep } from 'node:timers/promises';
import { clock, type Recorder } from '../history/recorder.ts';
import type { Plan, Round } from '../plan/plan.ts';
import { Random } from '../random.ts';
import type { World } from '../world/world.ts';
import { faultOf } from './all-faults.ts';

/** Before the first fault everybody arrives, ms. */
const ARRIVAL_MS = 3_000;

export interface ScheduleOptions {
  readonly world: World;
  readonly recorder: Recorder;
  readonly plan: Plan;
  /** Asked after every round. */
  readonly isEnough: () => Promise<boolean>;
}

/** A round that happened. */
export interface Happened {
  readonly round: Round;
  readonly begunAt: number;
}

/** Lets the faults of a plan happen until its time is over; all are over when it resolves. @returns what happened. */
export const happen = async ({ world, recorder, plan, isEnough }: ScheduleOptions): Promise<Happened[]> => {
  const happened: Happened[] = [];
  const end = clock() + plan.seconds * 1_000;
  await sleep(ARRIVAL_MS);
  for (const round of plan.rounds) {
    if (clock() >= end) break;
    happened.push({ round, begunAt: clock() });
    await carryOut(round, world, recorder);
    await sleep(Math.min(round.restMs, Math.max(0, end - clock())));
    if (await isEnough()) break;
  }
  return happened;
};

const carryOut = async ({ faults }: Round, world: World, recorder: Recorder): Promise<void> => {
  let running: Promise<void>[] = [];
  let waited = 0;
  for (const { kind, slot: index, draw, afterMs, behind } of faults) {
    const slot = world.slots[index];
    if (slot === undefined) throw new Error(`there is no node ${index}`);
    if (behind === true) {
      await Promise.all(running);
      running = [];
      await sleep(afterMs);
    } else {
      await sleep(Math.max(0, afterMs - waited));
      waited = Math.max(waited, afterMs);
    }
    running.push(faultOf(kind).run({ world, recorder, random: new Random(draw), slot }));
  }
  await Promise.all(running);
};
