import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MUTANTS } from './list.ts';
import { type Mutant, mutated } from './mutant.ts';
import { runTest } from './run-test.ts';
import { uncommitted, Worktree } from './worktree.ts';

/** As many at a time as a small machine bears beside everything else; each has a checkout of its own. */
const AT_ONCE = Number(process.env.MUTANTS_AT_ONCE ?? 2);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** @returns whether the mutant died, by a test that passes without it. */
const replay = async (mutant: Mutant, { path }: Worktree): Promise<boolean> => {
  const { name, file, proves } = mutant;
  const target = join(path, file);
  const text = readFileSync(target, 'utf8');
  const wrong = mutated(text, mutant);
  const sound = await runTest(path, mutant);
  if (!sound.passed) throw new Error(`${name}: its test fails without it: ${sound.because}`);
  writeFileSync(target, wrong);
  try {
    const verdict = await runTest(path, mutant);
    if (verdict.passed) say(`SURVIVED ${name}: no test noticed that ${proves}`);
    else say(`died     ${name}: ${verdict.because}`);
    return !verdict.passed;
  } finally {
    writeFileSync(target, text);
  }
};

const wanted = process.argv.slice(2);
const queue = MUTANTS.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
const total = queue.length;
let died = 0;
const worker = async (): Promise<void> => {
  const worktree = new Worktree();
  try {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      try {
        if (await replay(mutant, worktree)) died += 1;
      } catch (error) {
        say(`ERROR    ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    worktree.remove();
  }
};

if (uncommitted() !== '') say('Mutants are replayed on the last commit: what is not committed is not in it.');
await Promise.all(Array.from({ length: Math.min(AT_ONCE, total) }, worker));
say(`${died} of ${total} mutants died`);
process.exit(died === total && total > 0 ? 0 : 1);
