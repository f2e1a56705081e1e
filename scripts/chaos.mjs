// npm run test:chaos: runs of the chaos suite; `-- corpus`: plays every plan again that ever found something, and breaks each
// invariant of the checker once; `-- planted`: whether it finds the planted bugs; `-- figures <file>`: writes
// docs/reliability.md from results. Settings of a run: CHAOS_SEED, CHAOS_SECONDS (60), CHAOS_TOPOLOGY (standalone, sentinel,
// cluster), CHAOS_ONLY (kinds of faults), CHAOS_DAMPED (true, false), CHAOS_RUNS (1; each with the next seed), or
// CHAOS_PLAN (a file with a plan); CHAOS_SHRINK_SECONDS (600: how long what was found is cut down),
// CHAOS_RESULTS (a file that gets a line a run), CHAOS_DUMP (a file that gets the history: see test/chaos/recheck.ts)
import { spawn } from 'node:child_process';
import { compile } from './lib/compile.mjs';
import { findRedis, NO_REDIS } from './lib/find-redis.mjs';
import { install } from './lib/install.mjs';
import { fail, root } from './lib/root.mjs';

install();
compile();

const redis = (await findRedis()) ?? fail(NO_REDIS);
await redis.stop();
if (redis.server === undefined) fail('the chaos suite kills its Redis: it needs a redis-server binary');

const [, , mode, ...rest] = process.argv;
const MAINS = {
  planted: 'test/chaos/planted/main.ts',
  figures: 'test/chaos/write-figures.ts',
  corpus: 'test/chaos/corpus.ts',
};
const main = MAINS[mode] ?? 'test/chaos/main.ts';
const child = spawn(process.execPath, ['--import', 'tsx', main, ...rest], {
  cwd: root,
  env: { ...process.env, ROLLCALL_MAIN: `${root}dist/main.js`, ROLLCALL_REDIS_SERVER: redis.server },
  stdio: ['ignore', 'inherit', 'inherit'],
});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
process.on('SIGINT', () => {});
child.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
