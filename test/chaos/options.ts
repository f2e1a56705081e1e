import type { TopologyKind } from '../support/topologies/redis-topology.ts';
import type { ChaosOptions } from './run.ts';

const KINDS: readonly string[] = ['standalone', 'sentinel', 'cluster'] satisfies TopologyKind[];

/** `CHAOS_SEED`, `CHAOS_SECONDS`, `CHAOS_TOPOLOGY`, `CHAOS_ONLY`. @throws for what it cannot mean. */
export const readOptions = (env: NodeJS.ProcessEnv): ChaosOptions => {
  const topology = env.CHAOS_TOPOLOGY ?? 'standalone';
  if (!isKind(topology)) throw new Error(`CHAOS_TOPOLOGY is one of ${KINDS.join(', ')}`);
  const number = (name: string, fallback: number): number => {
    const value = Number(env[name] ?? fallback);
    if (!Number.isFinite(value) || value < 0) throw new Error(`${name} is not a number`);
    return value;
  };
  const only = env.CHAOS_ONLY?.split(',');
  return {
    seed: number('CHAOS_SEED', Math.floor(Math.random() * 1e9)),
    seconds: number('CHAOS_SECONDS', 60),
    topology,
    ...(only && { only }),
  };
};

const isKind = (kind: string): kind is TopologyKind => KINDS.includes(kind);
