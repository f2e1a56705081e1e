// npm run deploy:check: the deployment files, with the programs that will read them. Each is installed when it is missing
// and can be had here: Debian's packages as root, the others with Go. What needs one that cannot be had is skipped and
// named. Further arguments go to vitest.
import { spawnSync } from 'node:child_process';
import { aptTool } from './lib/apt-tool.mjs';
import { aptUnpack } from './lib/apt-unpack.mjs';
import { compile } from './lib/compile.mjs';
import { findRedis, NO_REDIS } from './lib/find-redis.mjs';
import { goTool } from './lib/go-tool.mjs';
import { install } from './lib/install.mjs';
import { fail, root } from './lib/root.mjs';

install();
compile();

const redis = (await findRedis()) ?? fail(NO_REDIS);
const env = { ...process.env, ROLLCALL_MAIN: `${root}dist/main.js` };
delete env.REDIS_URL;
if (redis.url !== undefined) env.ROLLCALL_TEST_REDIS_URL = redis.url;
if (redis.server !== undefined) env.ROLLCALL_REDIS_SERVER = redis.server;

const tools = {
  ROLLCALL_HELM: () => goTool('helm'),
  ROLLCALL_KUBECONFORM: () => goTool('kubeconform'),
  ROLLCALL_COMPOSE_SPEC: () => goTool('compose-spec'),
  ROLLCALL_HAPROXY: () => aptTool('haproxy', { ask: '-v' }),
  ROLLCALL_PROMTOOL: () => aptUnpack('prometheus', 'prometheus', 'promtool')?.[1],
  ROLLCALL_PROMETHEUS: () => aptUnpack('prometheus', 'prometheus', 'promtool')?.[0],
};
for (const [name, find] of Object.entries(tools)) {
  const path = find();
  if (path === undefined)
    console.log(`${name.slice('ROLLCALL_'.length).toLowerCase()} cannot be had here: skipping its tests`);
  else env[name] = path;
}
if (env.ROLLCALL_KUBECONFORM !== undefined) {
  const { kubeSchemas } = await import('./lib/kube-schemas.mjs');
  env.ROLLCALL_KUBE_SCHEMAS = kubeSchemas();
}

const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/deploy/vitest.config.ts'];
const { status } = spawnSync(process.execPath, [...vitest, ...process.argv.slice(2)], {
  cwd: root,
  env,
  stdio: ['ignore', 'inherit', 'inherit'],
});
await redis.stop();
process.exit(status ?? 1);
