// npm run test:mutants: plants one small mistake after another and runs the test that has to notice; arguments are parts
// of the names of those to replay. MUTANTS_AT_ONCE (2): how many at a time.
import { spawn } from 'node:child_process';
import { findRedis, NO_REDIS } from './lib/find-redis.mjs';
import { install } from './lib/install.mjs';
import { fail, root } from './lib/root.mjs';

install();

const redis = (await findRedis()) ?? fail(NO_REDIS);
await redis.stop();
if (redis.server === undefined) fail('some of the tests stop their Redis: this needs a redis-server binary');

const child = spawn(process.execPath, ['--import', 'tsx', 'test/mutants/main.ts', ...process.argv.slice(2)], {
  cwd: root,
  env: { ...process.env, ROLLCALL_REDIS_SERVER: redis.server },
  stdio: ['ignore', 'inherit', 'inherit'],
});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
process.on('SIGINT', () => {});
child.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
