import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { filesIn } from './files-in.mjs';
import { fail, root } from './root.mjs';

const STAMP = `${root}dist/.stamp`;
const BUILD_INFO = `${root}dist/.tsbuildinfo`;
const CONFIG = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];

/** Changes whenever a source or a setting of the compiler does, or one comes or goes. */
const fingerprint = (sources) => {
  const hash = createHash('sha256');
  for (const path of [...CONFIG, ...sources.map((source) => `src/${source}`)]) {
    const { size, mtimeMs } = statSync(root + path);
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
};

const outputOf = (source) => source.replace(/\.ts$/, '.js');

/** What sources that are gone have left behind would still be imported, and hide the mistake. */
const removeOrphans = (outputs) => {
  const kept = new Set(outputs.flatMap((path) => [path, `${path}.map`]));
  for (const path of filesIn(`${root}dist/`))
    if (!path.startsWith('.') && !kept.has(path)) rmSync(`${root}dist/${path}`);
};

const copyScripts = (sources) => {
  for (const source of sources.filter((path) => path.endsWith('.lua'))) {
    mkdirSync(dirname(`${root}dist/${source}`), { recursive: true });
    copyFileSync(`${root}src/${source}`, `${root}dist/${source}`);
  }
};

/**
 * Compiles `src/` to `dist/`, with the Lua scripts beside the modules that load them. When nothing changed since the
 * last build it only compares sizes and times of the sources.
 */
export const compile = () => {
  const sources = filesIn(`${root}src/`).filter((path) => /\.(ts|lua)$/.test(path));
  const outputs = sources.map(outputOf);
  const complete = outputs.every((path) => existsSync(`${root}dist/${path}`));
  const stamp = fingerprint(sources);
  if (complete && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) return;

  // With its record of the last build the compiler would not write again what somebody deleted.
  if (!complete) rmSync(BUILD_INFO, { force: true });
  const done = spawnSync(
    process.execPath,
    [
      'node_modules/typescript/bin/tsc',
      '-p',
      'tsconfig.build.json',
      '--pretty',
      String(process.stdout.isTTY === true),
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (done.status !== 0) fail('the build failed, see above');
  removeOrphans(outputs);
  copyScripts(sources);
  if (existsSync(`${root}dist/cli.js`)) chmodSync(`${root}dist/cli.js`, 0o755);
  writeFileSync(STAMP, stamp);
};
