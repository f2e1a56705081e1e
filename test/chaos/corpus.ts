import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readPlan } from './plan/plan.ts';
import { unwitnessed } from './planted/witnesses.ts';
import { reportOf } from './report.ts';
import { runChaos } from './run.ts';
import { inWords, leave } from './summary.ts';
import { boundsFor } from './timings.ts';

// npm run test:chaos -- corpus [part of a name]: every plan that ever found something finds nothing, and every invariant of
// the checker is broken, alone, by a change planted into what was recorded on the way.
const FOLDER = fileURLToPath(new URL('corpus/', import.meta.url));
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const [, , part = ''] = process.argv;
let failed = 0;
let open: Map<string, string> | undefined;
for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.json') && name.includes(part))) {
  const plan = readPlan(`${FOLDER}${file}`);
  const result = await runChaos(plan);
  say(`${file} (once ${plan.found?.join(', ')}): ${result.violations.length} violations\n${inWords(result)}`);
  leave(result, process.env);
  if (result.violations.length > 0) {
    failed += 1;
    say(reportOf(result));
    continue;
  }
  const left = unwitnessed(result.history, boundsFor(result.history));
  // A history need not have room for all: each has to be witnessed in one of them.
  open = open === undefined ? left : new Map([...open].filter(([rule]) => left.has(rule as never)));
}
if (open === undefined) say('No history was clean: nothing can be planted into it.');
for (const [rule, instead] of open ?? []) say(`NO WITNESS: ${rule}: what was planted ${instead}`);
if (open?.size === 0) say('Every invariant was broken by its witness, alone.');
process.exit(failed === 0 && open?.size === 0 ? 0 : 1);
