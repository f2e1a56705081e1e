import type { TopologyKind } from '../support/topologies/redis-topology.ts';
import { drawPlan } from './plan/draw-plan.ts';
import { type Plan, readPlan } from './plan/plan.ts';

const KINDS: readonly string[] = ['standalone', 'sentinel', 'cluster'] satisfies TopologyKind[];

/** Shrinking ends after this, s. */
const SHRINK_S = 600;

export interface Options {
  /** What is to be run, one after another. */
  readonly plans: readonly Plan[];
  /** How long a plan that found something is cut down; 0: not at all. */
  readonly shrinkMs: number;
}

/**
 * `CHAOS_PLAN`, or `CHAOS_SEED`, `CHAOS_SECONDS`, `CHAOS_TOPOLOGY`, `CHAOS_ONLY`, `CHAOS_DAMPED`; `CHAOS_RUNS`,
 * `CHAOS_SHRINK_SECONDS`. @throws for what it cannot mean.
 */
export const readOptions = (env: NodeJS.ProcessEnv): Options => {
  const number = (name: string, fallback: number): number => {
    const value = Number(env[name] ?? fallback);
    if (!Number.isFinite(value) || value < 0) throw new Error(`${name} is not a number`);
    return value;
  };
  const runs = Array.from({ length: number('CHAOS_RUNS', 1) }, (_, i) => i);
  const shrinkMs = number('CHAOS_SHRINK_SECONDS', SHRINK_S) * 1_000;
  if (env.CHAOS_PLAN) {
    const plan = readPlan(env.CHAOS_PLAN);
    return { plans: runs.map(() => plan), shrinkMs };
  }
  const topology = env.CHAOS_TOPOLOGY ?? 'standalone';
  if (!isKind(topology)) throw new Error(`CHAOS_TOPOLOGY is one of ${KINDS.join(', ')}`);
  const only = env.CHAOS_ONLY?.split(',');
  const damped = env.CHAOS_DAMPED === undefined ? {} : { damped: env.CHAOS_DAMPED === 'true' };
  const seed = number('CHAOS_SEED', Math.floor(Math.random() * 1e9));
  const seconds = number('CHAOS_SECONDS', 60);
  const plans = runs.map((run) =>
    drawPlan({ seed: seed + run, seconds, topology, ...damped, ...(only && { only }) }),
  );
  return { plans, shrinkMs };
};

const isKind = (kind: string): kind is TopologyKind => KINDS.includes(kind);
