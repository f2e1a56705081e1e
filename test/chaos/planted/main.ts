import type { Violation } from '../checker/violation.ts';
import { drawPlan } from '../plan/draw-plan.ts';
import { runChaos } from '../run.ts';
import { BUG_NAMES } from './bugs.ts';
import { plant } from './plant.ts';

/** Each planted bug has to be found within a minute of faults. */
const SECONDS = 60;

let missed = 0;
for (const bug of BUG_NAMES) {
  const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 1e9));
  const begun = performance.now();
  const plan = drawPlan({ seed, seconds: SECONDS, topology: 'standalone' });
  const isFound = ({ rule }: Violation): boolean => rule !== 'socketsStayOpen';
  const { violations } = await runChaos(plan, { main: plant(bug), enough: isFound });
  const took = ((performance.now() - begun) / 1_000).toFixed(0);
  // Not what a busy machine alone may bring about.
  const [first] = violations.filter(isFound);
  if (first === undefined) missed += 1;
  const found = first === undefined ? 'NOT FOUND' : `found: ${first.rule}: ${first.user ?? ''} ${first.what}`;
  process.stdout.write(`${bug} (seed ${seed}, ${took} s with start and end) ${found}\n`);
}
process.exit(missed === 0 ? 0 : 1);
