import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { figures, type RunResult } from './figures.ts';

// npm run test:chaos -- figures <file of CHAOS_RESULTS>: writes what was run and measured into docs/reliability.md.
const PAGE = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url));
const [BEGIN, END] = ['<!-- figures: begin -->', '<!-- figures: end -->'] as const;

const [, , file = ''] = process.argv;
const runs = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as RunResult);
const page = readFileSync(PAGE, 'utf8');
const [before, rest] = page.split(BEGIN);
const after = rest?.split(END)[1];
if (before === undefined || after === undefined) throw new Error(`${PAGE} has no place for figures`);
writeFileSync(PAGE, `${before}${BEGIN}\n\n${figures(runs)}\n\n${END}${after}`);
