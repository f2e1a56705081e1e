// npm run k6 -- SCENARIO: Redis, three nodes, tokens, and k6 with a scenario of k6/ against them. The profile and whatever
// differs from it come from the environment (docs/load.md); further arguments go to k6.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { compile } from './lib/compile.mjs';
import { findRedis, NO_REDIS } from './lib/find-redis.mjs';
import { goTool } from './lib/go-tool.mjs';
import { install } from './lib/install.mjs';
import { fail, root } from './lib/root.mjs';

const [scenario, ...k6Args] = process.argv.slice(2);
const scenarios = readdirSync(`${root}k6`)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  .map((name) => name.slice(0, -3));
if (!scenarios.includes(scenario)) fail(`which scenario? ${scenarios.join(', ')}`, 64);

install();
compile();

const { portPicker } = await import('../dev/ports.mjs');
const { startRedis } = await import('../dev/redis-process.mjs');
const { ServiceNode } = await import('../dev/service-node.mjs');
const { startSlowLine } = await import('../dev/slow-line.mjs');
const { writeTokens } = await import('../dev/load-tokens.mjs');
const { onSignal } = await import('../dev/until-stopped.mjs');
const { generateSigningKeys } = await import('../dist/auth/generate-keys.js');

const NODES = 3;
const HOST = '127.0.0.1';
/** A rolling restart ends when it is done; this is how long it may take. */
const ROLLING_S = 300;
const SETTLE_MS = 8_000;

const folder = `${root}.rollcall/k6`;
const profiles = JSON.parse(readFileSync(`${root}k6/profiles.json`, 'utf8'));
const profileName = process.env.PROFILE || (scenario === 'smoke' ? 'smoke' : 'small');
const profile = profiles[profileName] ?? fail(`PROFILE is one of ${Object.keys(profiles).join(', ')}`, 64);
const isRolling = scenario === 'rolling-restart';
const people = Number(process.env.PEOPLE || profile.people);
const seconds = Number(process.env.SECONDS || (isRolling ? ROLLING_S : profile.seconds));

const started = [];
const stopAll = async () => {
  for (const stop of started.splice(0).reverse()) await stop();
};

const startNodes = async (publicKey) => {
  const found = (await findRedis()) ?? fail(NO_REDIS);
  started.push(found.stop);
  const pick = portPicker(HOST);
  let { url } = found;
  if (url === undefined) {
    const redis = await startRedis(found.server, await pick(16_390, 'Redis'));
    started.push(redis.stop);
    ({ url } = redis);
  }
  const env = {
    PATH: process.env.PATH,
    HOST,
    REDIS_URL: url,
    REDIS_PREFIX: `load-${process.pid}`,
    PASETO_KEYS: publicKey,
    TOKEN_AUDIENCE: undefined,
    // All clients have one address here.
    HTTP_RATE: '0',
    UPGRADE_RATE: '0',
    LOG_LEVEL: 'error',
    // What the environment says of the service itself counts too: OFFLINE_GRACE_MS, DRAIN_WINDOW_MS, …
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /_(MS|RATE)$/.test(name))),
  };
  const nodes = [];
  for (let index = 1; index <= NODES; index++) {
    const name = `node-${index}`;
    const port = await pick(18_080 + index, name);
    const adminPort = await pick(19_090 + index, `health of ${name}`);
    const node = new ServiceNode({ index, name, label: `[${name}] `, port, adminPort, env });
    started.push(() => node.stop());
    nodes.push(node);
  }
  const ready = await Promise.all(nodes.map((node) => node.start()));
  if (ready.includes(false)) throw new Error('a node did not start');
  return nodes;
};

/** One after another, each when the one before is ready; meanwhile and afterwards it tells k6 how far it is. */
const restartAll = async (nodes) => {
  let phase = 'waiting';
  const control = createServer((_request, response) => response.end(phase));
  await new Promise((resolve) => control.listen(0, HOST, resolve));
  started.push(() => new Promise((resolve) => control.close(resolve)));
  const connections = async () => {
    const told = await Promise.all(nodes.map((node) => node.describe()));
    return told.reduce((sum, { connections: count = 0 }) => sum + count, 0);
  };
  const run = async () => {
    const patience = Date.now() + 60_000;
    while ((await connections()) < people && Date.now() < patience) await delay(200);
    await delay(SETTLE_MS);
    for (const node of nodes) {
      const before = Date.now();
      await node.stop();
      const stopped = Date.now();
      await node.start();
      const took = `left in ${((stopped - before) / 1000).toFixed(1)} s, back after ${((Date.now() - stopped) / 1000).toFixed(1)} s`;
      console.log(`${node.name} ${took}`);
      await delay(1_000);
    }
    phase = 'done';
  };
  return { url: `http://${HOST}:${control.address().port}/`, run };
};

const main = async () => {
  const k6 = goTool('k6') ?? fail('k6 is not here, and no Go to build it with', 3);
  const { secret, public: publicKey } = await generateSigningKeys(4);
  const nodes = await startNodes(publicKey);
  const tokens = writeTokens(`${folder}/tokens`, secret, { people, seconds });
  const env = {
    ...process.env,
    K6_NO_USAGE_REPORT: 'true',
    PROFILE: profileName,
    SECONDS: String(seconds),
    TOKENS: tokens,
    NODES: nodes.map(({ port }) => `http://${HOST}:${port}`).join(','),
    SUMMARY: `${folder}/${scenario}.json`,
  };
  if (scenario === 'slow-consumers') {
    const lines = await Promise.all(env.NODES.split(',').map((node) => startSlowLine(node)));
    for (const line of lines) started.push(line.stop);
    env.SLOW = lines.map(({ url }) => url).join(',');
  }
  const restarts = isRolling ? await restartAll(nodes) : undefined;
  if (restarts !== undefined) env.CONTROL = restarts.url;
  mkdirSync(folder, { recursive: true });
  const child = spawn(k6, ['run', '--quiet', ...k6Args, `k6/${scenario}.ts`], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
  started.push(() => child.kill());
  const restarting = restarts?.run();
  restarting?.catch((error) => console.error(`rollcall: ${error.message}`));
  const code = await ended;
  await stopAll();
  return code;
};

onSignal(stopAll);
main().then(
  (code) => process.exit(code),
  async (error) => {
    await stopAll();
    fail(error.message);
  },
);
