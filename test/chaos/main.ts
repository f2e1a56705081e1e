import { writeFileSync } from 'node:fs';
import { readOptions } from './options.ts';
import { runChaos } from './run.ts';

const options = readOptions(process.env);
process.stdout.write(`chaos: ${JSON.stringify(options)}\n`);
const result = await runChaos(options);
const { history } = result;
process.stdout.write(
  `${history.connections.length} connections, ${history.faults.length} faults, ${history.log.length} transitions, ` +
    `${history.shown.length} told, ${history.reads.length} read\n`,
);
const busyMs = history.faults
  .filter(({ kind }) => kind.startsWith('machine'))
  .reduce((sum, { from, to }) => sum + to - from, 0);
process.stdout.write(`the machine kept processes waiting for ${Math.round(busyMs)} ms in all\n`);
for (const { kind, ms, users } of result.recoveries)
  process.stdout.write(`  ${kind}: truth after ${Math.round(ms)} ms (${users} users)\n`);
process.stdout.write(`${result.report}\n`);
if (process.env.CHAOS_DUMP) writeFileSync(process.env.CHAOS_DUMP, JSON.stringify(history));
process.exit(result.violations.length > 0 ? 1 : 0);
