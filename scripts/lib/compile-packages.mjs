import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { filesIn } from './files-in.mjs';
import { fail, root } from './root.mjs';

const PACKAGES = ['client', 'events'];

/** Changes whenever a source or a setting of the compiler does, or one comes or goes. */
const fingerprint = (folder, sources) => {
  const hash = createHash('sha256');
  const settings = [`${root}tsconfig.json`, `${folder}tsconfig.json`, `${folder}tsconfig.build.json`];
  for (const path of [...settings, ...sources.map((source) => `${folder}src/${source}`)]) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
};

const build = (name) => {
  const folder = `${root}packages/${name}/`;
  // The image of the service is built without them.
  if (!existsSync(`${folder}tsconfig.build.json`)) return false;
  const sources = filesIn(`${folder}src/`);
  const stamp = fingerprint(folder, sources);
  const stampFile = `${folder}dist/.stamp`;
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return false;
  rmSync(`${folder}dist`, { recursive: true, force: true });
  const args = ['node_modules/typescript/bin/tsc', '-p', `${folder}tsconfig.build.json`];
  if (spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0)
    fail(`the build of @rollcall/${name} failed, see above`);
  for (const source of sources.filter((path) => path.endsWith('.css'))) {
    mkdirSync(dirname(`${folder}dist/${source}`), { recursive: true });
    copyFileSync(`${folder}src/${source}`, `${folder}dist/${source}`);
  }
  writeFileSync(stampFile, stamp);
  return true;
};

/** One file for script tags: everything of `@rollcall/client` under the global name `Rollcall`. */
const bundle = async () => {
  const { build: esbuild } = await import('esbuild');
  await esbuild({
    entryPoints: [`${root}packages/client/dist/index.js`],
    outfile: `${root}packages/client/dist/rollcall.global.js`,
    bundle: true,
    minify: true,
    format: 'iife',
    globalName: 'Rollcall',
    target: 'es2022',
    logLevel: 'error',
  });
};

/** Compiles `packages/NAME/src` to `packages/NAME/dist`, those that changed. */
export const compilePackages = async () => {
  const built = PACKAGES.filter(build);
  if (built.includes('client')) await bundle();
};
