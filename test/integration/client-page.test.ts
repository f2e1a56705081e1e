import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../support/chromium.ts';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { holds, until } from '../support/until.ts';

const GRACE_MS = 2_000;
const executable = chromiumPath();
const why = executable === undefined ? ' (skipped: no Chromium, set CHROMIUM_PATH)' : '';

/** The client as a script tag has it, from the sources as they are. */
const script = async (): Promise<string> => {
  const entry = fileURLToPath(new URL('../../packages/client/src/index.ts', import.meta.url));
  const options = { bundle: true, write: false, format: 'iife', globalName: 'Rollcall' } as const;
  const { outputFiles } = await build({ entryPoints: [entry], ...options });
  return outputFiles[0]?.text ?? '';
};

const pageOf = (
  url: string,
  token: string,
): string => `<!doctype html><title>page</title><script src="/client.js"></script>
<script>
  window.shows = [];
  addEventListener('pageshow', ({ persisted }) => window.shows.push(persisted));
  window.client = Rollcall.createClient({ url: '${url}', getToken: () => '${token}' });
  client.connect();
</script>`;

/** A page that is loaded again, left and come back to, as people do it. */
describe.skipIf(executable === undefined)(`a client in a real browser${why}`, () => {
  let cluster: Cluster;
  let server: Server;
  let browser: Browser;
  let page: Page;
  let observer: Client;

  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: 1,
      env: { TRANSITION_INTERVAL_MS: '0', OFFLINE_GRACE_MS: String(GRACE_MS) },
    });
    const client = await script();
    const html = pageOf(cluster.node().wsUrl, await cluster.token('visitor'));
    server = createServer(({ url }, response) => {
      const [type, body] =
        url === '/client.js'
          ? ['text/javascript', client]
          : ['text/html', url === '/' ? html : '<p>elsewhere'];
      response.setHeader('content-type', type).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    observer = await cluster.connect('observer');
    await observer.watch({ users: ['visitor'] });
    // Without this the browser keeps no page: what happens to one that it keeps is what matters here.
    browser = await chromium.launch({
      executablePath: executable ?? '',
      args: ['--no-sandbox'],
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    });
    page = await browser.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
    await cluster?.stop();
  });

  const address = (path: string): string => {
    const at = server.address();
    return `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}${path}`;
  };
  const isConnected = (): Promise<unknown> =>
    until(async () => (await page.evaluate('client.connection.state')) === 'connected');
  /** Not `page.goBack`: it waits for a load, which a page that was kept does not have. */
  const goBack = async (): Promise<void> => {
    await page.evaluate('setTimeout(() => history.back())');
    await until(async () => (await page.evaluate('typeof client')) === 'object');
  };
  const told = (): string[] => observer.history('visitor').map(({ status }) => status);

  it('makes no transition by reloading, nor by leaving and coming back within the grace', async () => {
    await page.goto(address('/'));
    await isConnected();
    await observer.sees('visitor', 'online');
    for (let times = 0; times < 3; times += 1) {
      await page.reload();
      await isConnected();
    }
    await page.goto(address('/elsewhere'));
    await goBack();
    await isConnected();
    expect(await page.evaluate('shows.at(-1)'), 'the page was kept by the browser').toBe(true);
    await holds(() => told().join() === 'offline,online', GRACE_MS + 500, 'no transition');
  });

  it('is offline after the grace when the page was left, and online when somebody comes back to it', async () => {
    await page.goto(address('/elsewhere'));
    await observer.sees('visitor', 'offline', GRACE_MS + 5_000);
    await goBack();
    await observer.sees('visitor', 'online');
    expect(await page.evaluate('shows.at(-1)')).toBe(true);
  });
});
