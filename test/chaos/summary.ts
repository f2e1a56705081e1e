import { appendFileSync, writeFileSync } from 'node:fs';
import type { RunResult } from './figures.ts';
import type { ChaosResult } from './run.ts';

/** What is left of a run when it is over. */
const summary = ({ plan, history, violations, recoveries }: ChaosResult): RunResult => {
  const { seed, seconds, topology } = plan;
  const busy = history.faults.filter(({ kind }) => kind.startsWith('machine'));
  return {
    seed,
    seconds,
    topology,
    violations: violations.length,
    faults: history.faults.filter((fault) => !busy.includes(fault)).map(({ kind }) => kind),
    connections: history.connections.length,
    transitions: history.log.length,
    told: history.shown.length,
    reads: history.reads.length,
    busyMs: Math.round(busy.reduce((sum, { from, to }) => sum + to - from, 0)),
    recoveries,
  };
};

/** The same in words. */
export const inWords = (result: ChaosResult): string => {
  const { connections, faults, transitions, told, reads, busyMs, topology } = summary(result);
  return [
    `${topology}${result.plan.damped ? ', damped' : ''}: ${connections} connections, ${faults.length} faults, ${transitions} transitions in the log,`,
    `  ${told} told to watchers, ${reads} read; processes waited for a processor for ${busyMs} ms in all`,
    ...result.recoveries.map(
      ({ kind, ms, promisedMs, users }) =>
        `  ${kind}: the truth after ${Math.round(ms)} ms, promised within ${promisedMs} (${users} users)`,
    ),
  ].join('\n');
};

/** `CHAOS_RESULTS`: a file that gets a line a run. `CHAOS_DUMP`: a file that gets the history of the last one. */
export const leave = (result: ChaosResult, { CHAOS_RESULTS, CHAOS_DUMP }: NodeJS.ProcessEnv): void => {
  if (CHAOS_RESULTS) appendFileSync(CHAOS_RESULTS, `${JSON.stringify(summary(result))}\n`);
  if (CHAOS_DUMP) writeFileSync(CHAOS_DUMP, JSON.stringify(result.history));
};
