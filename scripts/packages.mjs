// npm run packages: what npm would publish, judged by publint and by "are the types wrong", without publishing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { compilePackages } from './lib/compile-packages.mjs';
import { root } from './lib/root.mjs';

const run = (command, args, cwd = root) =>
  spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

await compilePackages();
const folder = mkdtempSync(`${tmpdir()}/rollcall-packages-`);
try {
  for (const name of ['client', 'events']) {
    const packed = run('npm', ['pack', '--json', '--pack-destination', folder], `${root}packages/${name}`);
    const answer = JSON.parse(packed.stdout);
    const [{ filename, size, files }] = Array.isArray(answer) ? answer : Object.values(answer);
    console.log(`${filename}: ${(size / 1_000).toFixed(1)} kB, ${files.length} files`);
    for (const [tool, args] of [
      ['publint', [`${folder}/${filename}`, '--strict']],
      [
        'attw',
        [`${folder}/${filename}`, '--profile', 'esm-only', '--exclude-entrypoints', 'react/styles.css'],
      ],
    ]) {
      const { status, stdout } = run(`${root}node_modules/.bin/${tool}`, args);
      if (status === 0) console.log(`${tool} finds nothing`);
      else {
        console.log(stdout);
        process.exitCode = 1;
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
