// npm run bench: builds, then measures. Further arguments go on:
//   npm run bench -- --only connects --repeats 1
import { spawn } from 'node:child_process';
import { compile } from './lib/compile.mjs';
import { findRedis } from './lib/find-redis.mjs';
import { install } from './lib/install.mjs';
import { fail, root } from './lib/root.mjs';

install();
compile();

const { REDIS_URL: _other, ...env } = process.env;
// What is measured is a Redis of one's own: its memory and CPU are read.
const redis = await findRedis(env);
if (redis?.server === undefined) {
  await redis?.stop();
  fail('the benchmark needs redis-server 7 or newer on the PATH');
}
const bench = spawn(process.execPath, ['--import', 'tsx', 'bench/run.ts', ...process.argv.slice(2)], {
  cwd: root,
  env: { ...env, ROLLCALL_MAIN: 'dist/main.js', ROLLCALL_REDIS_SERVER: redis.server },
  stdio: 'inherit',
});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => bench.kill(signal));
process.on('SIGINT', () => {});
const code = await new Promise((resolve) => {
  bench.once('error', (error) => fail(`the benchmark could not be started: ${error.message}`));
  bench.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
});
process.exit(code);
