import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { root } from '../scripts/lib/root.mjs';

const HOST = '127.0.0.1';
const MAX_BODY_BYTES = 4_096;
const TYPES = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' };
const SERVICE = ['http://127.0.0.1:*', 'http://localhost:*', 'ws://127.0.0.1:*', 'ws://localhost:*'].join(
  ' ',
);
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ${SERVICE}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * This server signs a token for whoever asks, so it listens to this machine alone, and a page of the wide web that the
 * person has open must not be able to use it: neither across origins nor through a name that resolves to 127.0.0.1.
 */
const checkCaller = ({ headers }, port) => {
  const hosts = [`${HOST}:${port}`, `localhost:${port}`];
  if (!hosts.includes(headers.host)) throw new Refused(403, 'open this page as http://127.0.0.1');
  if (headers.origin !== undefined && !hosts.some((host) => headers.origin === `http://${host}`))
    throw new Refused(403, 'another origin may not call this');
};

const readJson = async (request) => {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) throw new Refused(413, 'the body is too large');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, 'the body is not JSON');
  }
};

/** The service's own table of close codes, as it was built: the page follows it and keeps none of its own. */
const CODES = { path: '/codes.js', file: 'dist/protocol/codes.js' };

const serveFile = async (path) => {
  const type = TYPES[extname(path)];
  // Only plain names: nothing above the folder can be asked for.
  if (!/^\/[a-z][a-z-]*\.[a-z]+$/.test(path) || type === undefined) throw new Refused(404, 'no such page');
  try {
    return { type, body: await readFile(`${root}${path === CODES.path ? CODES.file : `dev/page${path}`}`) };
  } catch (cause) {
    throw new Refused(404, 'no such page', { cause });
  }
};

/**
 * The server of the live page: its files, tokens for "sign in as anybody", and in a cluster the buttons that hurt nodes.
 *
 * @param sign - makes a token for `{ user, name }`; throws with a message for the person when there is no key for it
 * @param nodes - the processes, for their states and (with `controls`) for killing, pausing and starting them
 * @param timing - the periods the page shows clocks for
 */
export const startPageServer = async ({ port, sign, nodes, controls, timing }) => {
  const config = {
    controls,
    timing,
    nodes: nodes.map(({ index, name, port: at }) => ({ index, name, port: at })),
  };
  const actions = {
    kill: (node) => node.kill(),
    pause: (node) => node.pause(),
    resume: (node) => node.resume(),
    // Answered at once: becoming ready shows in the states.
    start: (node) => void node.start(),
  };

  const call = async (request, path) => {
    if (path === '/token') {
      const { user, name } = await readJson(request);
      if (typeof user !== 'string' || user === '') throw new Refused(400, '"user" is missing');
      if (name !== undefined && typeof name !== 'string') throw new Refused(400, '"name" is not a string');
      try {
        return { token: await sign({ user, name }) };
      } catch (error) {
        throw new Refused(400, error.message);
      }
    }
    const [, index, action] = /^\/nodes\/(\d+)\/([a-z]+)$/.exec(path) ?? [];
    const node = nodes.find((one) => one.index === Number(index));
    if (!controls || node === undefined || !Object.hasOwn(actions, action))
      throw new Refused(404, 'no such call');
    actions[action](node);
    return await node.describe();
  };

  const answer = async (request) => {
    checkCaller(request, server.address().port);
    const { pathname } = new URL(request.url, 'http://page');
    if (request.method === 'POST') return { json: await call(request, pathname) };
    if (request.method !== 'GET') throw new Refused(405, 'only GET and POST');
    if (pathname === '/config') return { json: config };
    if (pathname === '/nodes')
      return { json: { nodes: await Promise.all(nodes.map((node) => node.describe())) } };
    return await serveFile(pathname === '/' ? '/index.html' : pathname);
  };

  const server = createServer(async (request, response) => {
    const send = (status, type, body) =>
      response.writeHead(status, { ...HEADERS, 'content-type': `${type}; charset=utf-8` }).end(body);
    try {
      const { json, type, body } = await answer(request);
      if (json === undefined) send(200, type, body);
      else send(200, 'application/json', JSON.stringify(json));
    } catch (error) {
      send(error.status ?? 500, 'application/json', JSON.stringify({ message: error.message }));
    }
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url: `http://${HOST}:${port}/`, close };
};
