import { readFileSync, writeFileSync } from 'node:fs';
import type { TopologyKind } from '../../support/topologies/redis-topology.ts';

/** A run as data: what a seed draws, what can be cut down, and what `CHAOS_PLAN=file` plays again. */
export interface Plan {
  /** What everybody draws from while it is carried out: who does what when, and who reads what. */
  readonly seed: number;
  readonly topology: TopologyKind;
  /** Clocks of replicas are off, where that can be. */
  readonly skewed: boolean;
  /** Damping of transitions is on. */
  readonly damped: boolean;
  /** No round begins later, s. */
  readonly seconds: number;
  /** Numbers of those who take part: `user-<n>`. What somebody does depends on the seed and their number alone. */
  readonly people: readonly number[];
  readonly rounds: readonly Round[];
}

/** Faults that overlap or follow each other, and how long nothing new happens after them. */
export interface Round {
  readonly faults: readonly PlannedFault[];
  readonly restMs: number;
}

export interface PlannedFault {
  readonly kind: string;
  /** The node that it may break. */
  readonly slot: number;
  /** State of the generator that it draws its details from. */
  readonly draw: number;
  /** How long after the round began, or, `behind` the others, after all of those before it were over. */
  readonly afterMs: number;
  readonly behind?: true;
}

/** A plan in a file, with what it once found: the corpus consists of them. */
export interface PlanFile extends Plan {
  /** The rules that were broken, on the version named in `by`; empty where a seed was only suspected. */
  readonly found?: readonly string[];
  readonly by?: string;
}

export const faultsOf = ({ rounds }: Plan): PlannedFault[] => rounds.flatMap(({ faults }) => faults);

/** @throws for a file that is no plan. */
export const readPlan = (file: string): PlanFile => {
  const plan = JSON.parse(readFileSync(file, 'utf8')) as Partial<PlanFile>;
  if (!Array.isArray(plan.rounds) || !Array.isArray(plan.people) || typeof plan.seed !== 'number')
    throw new Error(`${file} is no plan of a chaos run`);
  return plan as PlanFile;
};

/** One line a round: a plan is read by people and compared by them. */
export const writePlan = (file: string, plan: PlanFile): void => writeFileSync(file, textOf(plan));

export const textOf = ({ people, rounds, ...rest }: PlanFile): string => {
  const lines = rounds.map((round) => `    ${JSON.stringify(round)}`).join(',\n');
  const head = JSON.stringify({ ...rest, people });
  return `${head.slice(0, -1)},\n  "rounds": [\n${lines}\n  ]\n}\n`;
};
