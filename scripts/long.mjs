// npm run test:siege: a node of 768 MB of heap under everybody who can fill something, for as long as is asked for.
// SIEGE_SECONDS (60) a round, SIEGE_SOCKETS (15000) of SIEGE_PEOPLE (500), SIEGE_STRANGERS (1000), SIEGE_RATE (4000):
// turns a second in all, SIEGE_KINDS (all), SIEGE_REST_SECONDS (60).
import { spawn } from 'node:child_process';
import { compile } from './lib/compile.mjs';
import { findRedis, NO_REDIS } from './lib/find-redis.mjs';
import { install } from './lib/install.mjs';
import { fail, root } from './lib/root.mjs';

install();
compile();

const redis = (await findRedis()) ?? fail(NO_REDIS);
await redis.stop();
if (redis.server === undefined) fail('the siege starts a Redis of its own: it needs a redis-server binary');

const child = spawn(process.execPath, ['--import', 'tsx', 'test/abuse/siege.ts'], {
  cwd: root,
  env: { ...process.env, ROLLCALL_MAIN: `${root}dist/main.js`, ROLLCALL_REDIS_SERVER: redis.server },
  stdio: ['ignore', 'inherit', 'inherit'],
});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
process.on('SIGINT', () => {});
child.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
