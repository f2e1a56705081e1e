// npm start: one node and the live page, with nothing to set up. REDIS_URL puts it on that Redis, else it keeps
// everything in memory; every other setting of the service passes through.
import { compile } from './lib/compile.mjs';
import { install } from './lib/install.mjs';
import { fail } from './lib/root.mjs';

install();
compile();

// Only now: these need what was just installed and built.
const { portPicker } = await import('../dev/ports.mjs');
const { reachable, ServiceNode } = await import('../dev/service-node.mjs');
const { developmentEnv, timingOf, wantedPort } = await import('../dev/settings.mjs');
const { openSigner } = await import('../dev/signer.mjs');
const { startPageServer } = await import('../dev/page-server.mjs');
const { onSignal } = await import('../dev/until-stopped.mjs');

const run = async () => {
  const env = developmentEnv();
  env.REDIS_URL ??= 'memory:';
  const sign = await openSigner(env);
  const pick = portPicker(env.HOST);
  const node = new ServiceNode({
    index: 1,
    name: env.NODE_NAME ?? 'node-1',
    // A port that was asked for is used or refused, never exchanged for another.
    port: wantedPort(env, 'PORT') ?? (await pick(8080, 'the service')),
    adminPort: wantedPort(env, 'ADMIN_PORT') ?? (await pick(9090, 'health and metrics')),
    env,
  });

  let page;
  let stopping = false;
  onSignal(async () => {
    stopping = true;
    await page?.close();
    await node.stop();
  });

  const ready = await node.start();
  if (!ready || stopping) return ended(node, stopping);
  page = await startPageServer({
    port: wantedPort(env, 'PAGE_PORT') ?? (await portPicker()(8000, 'the page')),
    sign,
    nodes: [node],
    controls: false,
    timing: timingOf(env),
  });
  const host = reachable(env.HOST);
  // Keys that can only verify sign nothing: then there is no token to show.
  const token = await sign({ user: 'backend', scope: 'read' }).catch(() => undefined);
  const store = env.REDIS_URL === 'memory:' ? 'in memory, forgotten on exit' : 'in Redis';
  console.log(`
  Rollcall is running, its state ${store}.

    Page      ${page.url}
    Service   ws://${host}:${node.port}/v1/ws
    API       http://${host}:${node.port}/docs
    Health    ${node.healthUrl}

  Open the page in several tabs. Watch everybody from a terminal:  npx rollcall watch --tenant${port(node)}
  Sign tokens of your own:  npx rollcall token --user ada
${
  token === undefined
    ? ''
    : `
  Ask who is online, as a backend does:

    curl -H 'Authorization: Bearer ${token}' http://${host}:${node.port}/v1/presence/online
`
}
  Ctrl-C stops everything.
`);
  await node.exited;
  return ended(node, stopping);
};

/** What a command needs to find a node that is not on the usual port. */
const port = (node) => (node.port === 8080 ? '' : ` --url ws://127.0.0.1:${node.port}`);

/** The service is gone: fine when it was told to go, else its own last word and its code. */
const ended = async (node, stopping) => {
  const how = await node.exited;
  // The handler of the signal ends this process once everything is closed.
  if (stopping) return;
  fail(`the service ended (${how.code ?? how.reason}): ${how.reason}`, how.code || 1);
};

run().catch((error) => fail(error.message));
