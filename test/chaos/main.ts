import { readOptions } from './options.ts';
import { keepPlan, reportOf } from './report.ts';
import { runChaos } from './run.ts';
import { rulesOf, shrinkRun } from './shrink-run.ts';
import { inWords, leave } from './summary.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const { plans, shrinkMs } = readOptions(process.env);
let failed = 0;
for (const plan of plans) {
  const result = await runChaos(plan);
  say(inWords(result));
  say(reportOf(result));
  leave(result, process.env);
  if (result.violations.length === 0) continue;
  failed += 1;
  const found = [...rulesOf(result)];
  say(`As it was carried out: ${keepPlan(result.plan, found)}`);
  if (shrinkMs === 0) continue;
  say(`Cutting it down, for at most ${shrinkMs / 1_000} s:`);
  say(`What is left of it: ${keepPlan(await shrinkRun(result, shrinkMs, say), found)}`);
}
process.exit(failed > 0 ? 1 : 0);
