// npm run test:long -- beside: builds the release before in a throw-away worktree, and runs one of its nodes beside one of this one.
// `node scripts/beside.mjs COMMIT` takes another commit than the usual one.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { install } from './lib/install.mjs';
import { root } from './lib/root.mjs';

/** The last commit without notes, leases, groups by call and disconnection by device. */
const BEFORE = '0ec5552';

install();
const commit = process.argv[2] ?? BEFORE;
const parent = mkdtempSync(join(tmpdir(), 'rollcall-before-'));
const tree = join(parent, 'tree');
const git = (...args) => execFileSync('git', args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
try {
  git('worktree', 'add', '--quiet', '--detach', tree, commit);
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: tree, stdio: 'inherit' });
  const test = ['scripts/test.mjs', 'test/integration/beside-before.test.ts'];
  const { status } = spawnSync(process.execPath, test, {
    cwd: root,
    env: { ...process.env, ROLLCALL_BEFORE: join(tree, 'dist/main.js') },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  git('worktree', 'remove', '--force', tree);
  rmSync(parent, { recursive: true, force: true });
}
