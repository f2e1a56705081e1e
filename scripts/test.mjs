// npm test: every test, from a clone that has nothing installed. Further arguments go to vitest:
//   npm test -- test/unit/auth
import { spawn } from 'node:child_process';
import { compile } from './lib/compile.mjs';
import { compilePackages } from './lib/compile-packages.mjs';
import { findRedis, NO_REDIS } from './lib/find-redis.mjs';
import { install } from './lib/install.mjs';
import { fail, root } from './lib/root.mjs';

install();
compile();
await compilePackages();

const redis = (await findRedis()) ?? fail(NO_REDIS);
const env = { ...process.env };
// The tests start services of their own: what REDIS_URL means for those is for each test to say.
delete env.REDIS_URL;
delete env.ROLLCALL_REDIS_SERVER;
delete env.ROLLCALL_TEST_REDIS_URL;
// What was just built is what the tests start, unless they are told otherwise.
env.ROLLCALL_MAIN ??= `${root}dist/main.js`;
if (redis.url !== undefined) env.ROLLCALL_TEST_REDIS_URL = redis.url;
if (redis.server !== undefined) env.ROLLCALL_REDIS_SERVER = redis.server;
else console.log('No redis-server binary here: tests that crash or freeze a Redis of their own are skipped.');

const vitest = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)], {
  cwd: root,
  env,
  stdio: ['ignore', 'inherit', 'inherit'],
});
// A Ctrl-C reaches vitest from the terminal; a signal to this process alone does not.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => vitest.kill(signal));
process.on('SIGINT', () => {});
const [code, signal] = await new Promise((resolve) => {
  vitest.once('error', (error) => fail(`vitest could not be started: ${error.message}`));
  vitest.once('exit', (...how) => resolve(how));
});
await redis.stop();
process.exit(code ?? (signal === 'SIGINT' ? 130 : 1));
