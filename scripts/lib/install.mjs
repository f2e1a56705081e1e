import { spawnSync } from 'node:child_process';
import { lstatSync, statSync } from 'node:fs';
import { fail, root } from './root.mjs';

const OLDEST = [20, 19];

const mtime = (path) => statSync(`${root}${path}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const checkNode = () => {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const fits = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
  if (!fits) fail(`Node ${OLDEST.join('.')} or newer is needed, this is ${process.versions.node}`);
};

/**
 * Makes `node_modules` match the lock file, and does nothing when it does. npm writes `node_modules/.package-lock.json`
 * last, so an install that was cut short counts as none. Uses Node alone: it runs before any dependency exists.
 */
export const install = () => {
  checkNode();
  const installed = mtime('node_modules/.package-lock.json');
  if (installed > 0 && installed >= mtime('package-lock.json')) return;
  // `npm ci` empties the folder first, through the link: it would take the packages from whoever owns them.
  if (lstatSync(`${root}node_modules`, { throwIfNoEntry: false })?.isSymbolicLink()) {
    if (installed > 0) return;
    fail('node_modules is a link to a folder without an install: install there, or remove the link');
  }
  console.log('Installing dependencies (npm ci) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // Said aloud even under `npm --silent`, which hands its silence down: a failed install without a reason helps nobody.
  // The tools that build and test are dev dependencies, wanted here whatever NODE_ENV says.
  const done = spawnSync(npm, ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=warn'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (done.error) fail(`npm could not be started: ${done.error.message}`);
  if (done.status !== 0) fail(`npm ci failed (${done.signal ?? `code ${done.status}`}), see above`);
};
