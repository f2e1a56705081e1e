import { appendFileSync, writeFileSync } from 'node:fs';
import type { RunResult } from './figures.ts';
import { readOptions } from './options.ts';
import { type ChaosResult, runChaos } from './run.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** What is left of a run when it is over. */
const summary = ({ options, history, violations, recoveries }: ChaosResult): RunResult => {
  const { seed, seconds, topology } = options;
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

const { CHAOS_RESULTS, CHAOS_DUMP, CHAOS_RUNS = '1' } = process.env;
const first = readOptions(process.env);
let failed = 0;
for (let run = 0; run < Number(CHAOS_RUNS); run++) {
  const result = await runChaos({ ...first, seed: first.seed + run });
  const { connections, faults, transitions, told, reads, busyMs, topology } = summary(result);
  say(
    `${topology}: ${connections} connections, ${faults.length} faults, ${transitions} transitions in the log,`,
  );
  say(`  ${told} told to watchers, ${reads} read; processes waited for a processor for ${busyMs} ms in all`);
  for (const { kind, ms, promisedMs, users } of result.recoveries)
    say(`  ${kind}: the truth after ${Math.round(ms)} ms, promised within ${promisedMs} (${users} users)`);
  say(result.report);
  if (CHAOS_RESULTS) appendFileSync(CHAOS_RESULTS, `${JSON.stringify(summary(result))}\n`);
  if (CHAOS_DUMP) writeFileSync(CHAOS_DUMP, JSON.stringify(result.history));
  if (result.violations.length > 0) failed += 1;
}
process.exit(failed > 0 ? 1 : 0);
