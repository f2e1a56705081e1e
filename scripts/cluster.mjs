// npm run cluster: Redis and three nodes as processes of their own, and the live page with a button for each node that
// kills it. REDIS_URL uses that Redis instead of starting one.
import { compile } from './lib/compile.mjs';
import { findRedis, NO_REDIS } from './lib/find-redis.mjs';
import { install } from './lib/install.mjs';
import { fail } from './lib/root.mjs';

install();
compile();

const { portPicker } = await import('../dev/ports.mjs');
const { startRedis } = await import('../dev/redis-process.mjs');
const { reachable, ServiceNode } = await import('../dev/service-node.mjs');
const { developmentEnv, timingOf, wantedPort } = await import('../dev/settings.mjs');
const { openSigner } = await import('../dev/signer.mjs');
const { startPageServer } = await import('../dev/page-server.mjs');
const { onSignal } = await import('../dev/until-stopped.mjs');

const NODES = 3;

const run = async () => {
  const env = developmentEnv();
  if (env.REDIS_URL === 'memory:')
    throw new Error('nodes cannot share memory: set REDIS_URL to a Redis, or not at all');
  const sign = await openSigner(env);
  const pick = portPicker(env.HOST);
  const nodes = [];
  let page;
  // Nodes before the Redis they take their leave with.
  const started = [];
  const stop = async () => {
    await page?.close();
    await Promise.all(nodes.map((node) => node.stop()));
    for (const close of started.reverse()) await close();
  };
  let stopping = false;
  onSignal(async () => {
    stopping = true;
    await stop();
  });

  const found = (await findRedis(env)) ?? fail(NO_REDIS);
  started.push(found.stop);
  env.REDIS_URL = found.url;
  if (found.url === undefined) {
    // Away from 6379, where the system's own may be.
    const own = await startRedis(found.server, await pick(6390, 'Redis'));
    started.push(own.stop);
    env.REDIS_URL = own.url;
  }

  const firstPort = wantedPort(env, 'PORT') ?? 8080;
  const firstAdminPort = wantedPort(env, 'ADMIN_PORT') ?? 9090;
  for (let index = 1; index <= NODES; index++) {
    nodes.push(
      new ServiceNode({
        index,
        name: `node-${index}`,
        label: `[node-${index}] `,
        port: await pick(firstPort + index - 1, `node-${index}`),
        adminPort: await pick(firstAdminPort + index - 1, `health of node-${index}`),
        env,
      }),
    );
  }
  console.log(`Starting ${NODES} nodes …`);
  const ready = await Promise.all(nodes.map((node) => node.start()));
  if (stopping) return;
  const failed = nodes[ready.indexOf(false)];
  if (failed !== undefined) {
    const { code, reason } = await failed.exited;
    await stop();
    fail(`${failed.name} ended (${code ?? reason}): ${reason}`, code || 1);
  }
  page = await startPageServer({
    port: wantedPort(env, 'PAGE_PORT') ?? (await portPicker()(8000, 'the page')),
    sign,
    nodes,
    controls: true,
    timing: timingOf(env),
  });
  console.log(`
  Rollcall is running on ${NODES} nodes.

    Page      ${page.url}
    Redis     ${env.REDIS_URL.replace(/\/\/[^@/]*@/, '//')}
${nodes.map((node) => `    ${node.name}    ws://${reachable(env.HOST)}:${node.port}/v1/ws   pid ${node.pid}`).join('\n')}

  Open the page in several tabs, sign in on different nodes, and kill one. Ctrl-C stops everything.
`);
};

run().catch((error) => fail(error.message));
