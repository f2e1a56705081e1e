// npm run test:long: what takes too long for every change, one part after another, to be run by hand before a release; the
// parts stand in scripts/long-tests.json. Arguments choose some of them; `-- list` says what there is:
//   npm run test:long -- corpus mutants
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fail, root } from './lib/root.mjs';

const parts = JSON.parse(readFileSync(new URL('./long-tests.json', import.meta.url), 'utf8'));
const chosen = process.argv.slice(2);
if (chosen.includes('list')) {
  for (const { name, what, minutes } of parts) console.log(`${name}: ${what} (about ${minutes} minutes)`);
  process.exit(0);
}
const unknown = chosen.find((name) => !parts.some((part) => part.name === name));
if (unknown !== undefined) fail(`${unknown} is none of ${parts.map(({ name }) => name).join(', ')}`);

/** One environment for each value of `each`, where a part has that. */
const environments = ({ env = {}, each = {} }) => {
  const [name, values = [undefined]] = Object.entries(each)[0] ?? [];
  return values.map((value) => ({ ...env, ...(value !== undefined && { [name]: value }) }));
};

const results = [];
for (const part of parts.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
  for (const env of environments(part)) {
    const name = [part.name, ...Object.keys(part.each ?? {}).map((key) => env[key])].join(' ');
    console.log(`\n== ${name}: ${part.what}`);
    const begun = performance.now();
    const { status } = spawnSync(process.execPath, part.run, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const took = ((performance.now() - begun) / 60_000).toFixed(1);
    results.push({ name, passed: status === 0, took });
  }
}
console.log('');
for (const { name, passed, took } of results)
  console.log(`${passed ? 'passed' : 'FAILED'} ${name} (${took} min)`);
process.exit(results.every(({ passed }) => passed) ? 0 : 1);
