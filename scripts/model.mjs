// node scripts/model.mjs [--deep]: checks docs/model/lease.pml with Spin, and that each deliberate mistake is found.
// Without Spin, a C compiler, or a way to install Spin it says so in one line and ends with 0: nothing was checked.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './lib/root.mjs';

const MODEL = `${root}docs/model/lease.pml`;
const MEMORY_MB = 1000;

/** What must hold. `rest`: also that every run comes to rest, which takes twice the states. */
const RIGHT = [
  { name: 'two faults of any kind, three changes', flags: ['-DFAULTS=2', '-DCHANGES=3'] },
  { name: 'three faults without rollback', flags: ['-DFAULTS=3', '-DROLLBACKS=0'] },
  { name: 'every run comes to rest', flags: ['-DFAULTS=2'], rest: true },
];
const DEEP = [{ name: 'three faults of any kind', flags: ['-DFAULTS=3'], memory: 4000 }];
const BROKEN = [
  'NO_FENCE',
  'INCREMENTS',
  'RESEND',
  'NO_SEQ',
  'NO_GEN',
  'NO_REASSERT',
  'NO_TAKEBACK',
  'REAPER_TRUSTS',
  'CLOCK_ONLY',
];

const has = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
const compiler = () => ['cc', 'gcc', 'clang'].find(has);
const spin = () => spawnSync('spin', ['-V'], { stdio: 'ignore' }).status === 0;

const install = () => {
  if (process.getuid?.() !== 0 || !has('apt-get')) return;
  console.log('Installing Spin (apt-get install spin) …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => spawnSync('apt-get', ['-q', ...args], { env, stdio: 'ignore', timeout: 120_000 });
  apt('update');
  apt('-y', '--no-install-recommends', 'install', 'spin');
};

/** Runs a command in the scratch folder. @throws when it fails. */
const run = (folder, command, ...args) => {
  const done = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 300_000,
    maxBuffer: 1 << 26,
  });
  if (done.status !== 0)
    throw new Error(`${command} failed: ${done.error?.message ?? done.stderr}${done.stdout}`);
  return done.stdout;
};

/** Every state of the model under these switches. @returns what was violated, or `undefined`. */
const explore = (cc, flags, { rest = false, memory = MEMORY_MB } = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-model-'));
  try {
    run(folder, 'spin', ...flags, '-a', MODEL);
    run(
      folder,
      cc,
      '-O2',
      '-w',
      '-DCOLLAPSE',
      `-DMEMLIM=${memory}`,
      rest ? '-DNP' : '-DSAFETY',
      '-o',
      'pan',
      'pan.c',
    );
    const report = run(folder, './pan', ...(rest ? ['-l'] : []), '-m200000');
    const violated = /^pan:1: (.*)$/m.exec(report)?.[1];
    if (violated === undefined && !/errors: 0$/m.test(report)) throw new Error(`no verdict:\n${report}`);
    // A search that ran out of depth or memory says nothing about the rest.
    if (
      violated === undefined &&
      /max search depth too small|out of memory|Search not completed/.test(report)
    )
      throw new Error(`not every state was looked at:\n${report}`);
    return { violated, states: /^\s*(\d+) states, stored/m.exec(report)?.[1] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const cc = compiler();
if (cc !== undefined && !spin()) install();
if (cc === undefined || !spin()) {
  console.log(`model: skipped, there is no ${cc === undefined ? 'C compiler' : 'spin'} here`);
  process.exit(0);
}

let wrong = 0;
const say = (isRight, text) => {
  if (!isRight) wrong += 1;
  console.log(`${isRight ? 'ok  ' : 'FAIL'} ${text}`);
};
for (const { name, flags, ...how } of process.argv.includes('--deep') ? [...RIGHT, ...DEEP] : RIGHT) {
  const { violated, states } = explore(cc, flags, how);
  say(violated === undefined, violated === undefined ? `${name}: ${states} states` : `${name}: ${violated}`);
}
for (const flag of BROKEN) {
  const { violated } = explore(cc, [`-D${flag}`, '-DFAULTS=2']);
  say(violated !== undefined, `${flag} is found${violated === undefined ? ': no, it is not' : ''}`);
}
process.exit(wrong === 0 ? 0 : 1);
