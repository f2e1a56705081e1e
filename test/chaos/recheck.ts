import { readFileSync } from 'node:fs';
import { check } from './checker/check.ts';
import { story } from './checker/story.ts';
import type { History } from './history/history.ts';
import { boundsFor } from './timings.ts';

// Judges a history again that a run left behind (CHAOS_DUMP=<file>), and tells the story of one of its violations:
//   npx tsx test/chaos/recheck.ts <file> [which]
const [, , file = '', which = '0'] = process.argv;
const history = JSON.parse(
  readFileSync(file, 'utf8'),
  // JSON knows no infinity: what has no end is written as null.
  (key, value: unknown) => (key === 'to' && value === null ? Number.POSITIVE_INFINITY : value),
) as History;
const found = check(history, boundsFor(history));
for (const { at, rule, user, what } of found.slice(0, 20))
  process.stdout.write(`${((at - history.begunAt) / 1_000).toFixed(3)} s ${rule}: ${user ?? ''} ${what}\n`);
const chosen = found[Number(which)];
if (chosen !== undefined) process.stdout.write(`${story(history, chosen.user, chosen.at)}\n`);
