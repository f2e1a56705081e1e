import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, launchChromium } from '../support/chromium.ts';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { until } from '../support/until.ts';

const executable = chromiumPath();
const why = executable === undefined ? ' (skipped: no Chromium, set CHROMIUM_PATH)' : '';
const EXAMPLE = fileURLToPath(new URL('../../examples/react', import.meta.url));
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css' };

/** The example as Vite makes it from the built packages: its files by their path. */
const buildExample = async (): Promise<Map<string, string>> => {
  const { build } = await import('vite');
  const made = await build({
    root: EXAMPLE,
    logLevel: 'error',
    build: { write: false, rolldownOptions: { onwarn: () => {} } },
  });
  const files = new Map<string, string>();
  for (const { output } of [made].flat() as {
    output: { fileName: string; source?: unknown; code?: string }[];
  }[])
    for (const { fileName, source, code } of output) files.set(`/${fileName}`, code ?? String(source));
  return files;
};

/** The example at the top of a page of the docs, as a bundler makes it. */
const bundleExample = async (page: string, service: string): Promise<string> => {
  const code = /```tsx\n(.*?)```/s.exec(await readFile(page, 'utf8'))?.[1] ?? '';
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    stdin: { contents: code.replace('wss://presence.example.com', service), resolveDir: '.', loader: 'tsx' },
    bundle: true,
    write: false,
    jsx: 'automatic',
    loader: { '.css': 'empty' },
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
};

describe.skipIf(executable === undefined)(`the React example in a real browser${why}`, () => {
  let cluster: Cluster;
  let server: Server;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let observer: Client;
  const complaints: string[] = [];
  let sockets = 0;

  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: 1,
      env: { TRANSITION_INTERVAL_MS: '0', OFFLINE_GRACE_MS: '2000' },
    });
    const files = await buildExample();
    files.set('/docs.html', '<!doctype html><div id=root></div><script src=docs.js></script>');
    files.set('/docs.js', await bundleExample('docs/react.md', cluster.node().wsUrl));
    server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://page').pathname;
      if (path !== '/token') {
        const file = path === '/' ? '/index.html' : path;
        response.setHeader('content-type', TYPES[extname(file)] ?? 'text/html');
        response.end(files.get(file) ?? '');
        return;
      }
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        const { user } = (body ? JSON.parse(body) : { user: 'Docs' }) as { user: string };
        cluster
          .token({ sub: user, name: user, scope: 'connect watch watch:tenant' })
          .then((token) => response.end(body ? JSON.stringify({ token }) : token))
          .catch(() => response.destroy());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await launchChromium(executable ?? '');
    context = await browser.newContext();
    page = await context.newPage();
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('websocket', () => {
      sockets += 1;
    });
    observer = await cluster.watcher('observer');
    await observer.watch({ users: ['Ada'] });
    const { port } = server.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/?user=Ada&service=${cluster.node().wsUrl}`);
    await page.getByRole('listitem').filter({ hasText: 'Ada' }).first().waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    await cluster?.stop();
  });

  const row = (user: string) =>
    page.getByRole('list', { name: 'People' }).getByRole('listitem').filter({ hasText: user });

  it('opens one socket in StrictMode', async () => {
    expect(sockets).toBe(1);
  });

  it('shows who comes, changes and goes, and renders nobody else for it', async () => {
    const grace = await cluster.connect('Grace Hopper');
    await row('Grace').filter({ hasText: 'Online' }).waitFor();
    // Whatever React touches below the list is counted by its row.
    await page.evaluate(`
      window.touched = new Set();
      new MutationObserver((changes) => {
        for (const { target } of changes) touched.add(target.parentElement?.closest('li')?.textContent ?? '?');
      }).observe(document.querySelector('[data-rollcall=list]'), { subtree: true, characterData: true, attributes: true });
    `);
    await grace.ask({ type: 'status', status: 'online', text: 'compiling' });
    await row('Grace').filter({ hasText: 'compiling' }).waitFor();
    const touched = await page.evaluate<string[]>('[...touched]');
    expect(touched.filter((text) => !text.includes('Grace'))).toEqual([]);
    await grace.bye();
    await row('Grace').waitFor({ state: 'detached' });
  });

  it('sets the status, and shows what another window set', async () => {
    await page.getByRole('radio', { name: 'Busy' }).check({ force: true });
    await until(() => observer.last('Ada')?.status === 'busy', { what: 'busy' });
    const other = await cluster.connect('Ada');
    await other.ask({ type: 'status', status: 'away' });
    await until(() => page.getByRole('radio', { name: 'Away' }).isChecked(), {
      what: 'what the other window set',
    });
    await other.ask({ type: 'status', status: null });
    await other.bye();
  });

  it('makes no transition of a reload', async () => {
    await until(() => observer.last('Ada')?.status === 'online', { what: 'online' });
    const { ver } = observer.last('Ada') ?? { ver: 0 };
    for (let i = 0; i < 2; i += 1) {
      await page.reload();
      await row('Ada').waitFor();
    }
    expect(observer.last('Ada')?.ver).toBe(ver);
  });

  it.each(['light', 'dark'] as const)('has nothing that axe finds, in %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.getByRole('radio', { name: 'Busy' }).check({ force: true });
    await page.getByLabel('Clear after').waitFor();
    await page.evaluate(
      await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'),
    );
    const found = await page.evaluate<string[]>(
      'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + nodes.map(({ html }) => html)))',
    );
    expect(found).toEqual([]);
  });

  it('fits into 380 pixels', async () => {
    await page.setViewportSize({ width: 380, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(380);
  });

  it('runs the example of the docs', async () => {
    const { port } = server.address() as AddressInfo;
    const docs = await context.newPage();
    await docs.goto(`http://127.0.0.1:${port}/docs.html`);
    await docs.getByRole('listitem').filter({ hasText: 'Docs' }).filter({ hasText: 'Online' }).waitFor();
    await docs.close();
  });

  it('says nothing in the console', () => {
    expect(complaints).toEqual([]);
  });
});
