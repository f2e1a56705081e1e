import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NodeProcess } from '../support/node-process.ts';
import { createIssuer, type Issuer } from '../support/tokens.ts';
import { until } from '../support/until.ts';

let issuer: Issuer;
const sockets = new Set<Socket>();
beforeAll(async () => {
  issuer = await createIssuer();
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

const startNode = (env: Record<string, string>): Promise<NodeProcess> =>
  NodeProcess.start({ env: { REDIS_URL: 'memory:', PASETO_KEYS: issuer.publicKey, ...env } });

const reader = (): Promise<string> => issuer.token({ sub: 'crm', scope: 'read' });

/** A connection that says what it is told to, and what came back. */
const dial = ({ port }: NodeProcess) => {
  const socket = connect(port, '127.0.0.1');
  sockets.add(socket);
  const seen = { text: '', closed: false };
  socket.on('data', (part: Buffer) => {
    seen.text += part.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    seen.closed = true;
  });
  return {
    socket,
    seen,
    statuses: () => [...seen.text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, code]) => Number(code)),
  };
};

const head = (token: string, length: number, path = '/v1/presence/batch'): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n';

const statusOf = async (
  node: NodeProcess,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<number> => {
  const asked = request(`${node.httpUrl}${path}`, { method, headers, agent: false });
  asked.end();
  const [response] = (await once(asked, 'response')) as [{ statusCode?: number; resume(): void }];
  response.resume();
  return response.statusCode ?? 0;
};

describe('a node that strangers reach', () => {
  let node: NodeProcess;
  beforeAll(async () => {
    node = await startNode({ LOG_LEVEL: 'debug', TRUST_PROXY: 'false' });
  });
  afterAll(() => node?.kill());

  // The attack: reset at once, and every request becomes an error of ours that no limit counts.
  it.each([
    ['a call', 'GET /v1/presence/users/ann HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a path that leads nowhere', 'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['the documentation', 'GET /docs/json HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an upgrade', `GET /v1/ws HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`],
    ['a plain request for a socket', 'GET /v1/ws HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an upgrade elsewhere', `GET /elsewhere HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`],
  ])('is quiet about peers that reset at once: %s', async (_what, text) => {
    const failed = () => node.metric('rollcall_http_request_duration_seconds_count', 'code="500"');
    const errors = () => node.logs.filter((line) => /"level":"(error|fatal)"/.test(line)).length;
    const before = [await failed(), errors()];
    for (let i = 0; i < 60; i += 1) {
      const { socket } = dial(node);
      await once(socket, 'connect');
      socket.write(text);
      socket.resetAndDestroy();
    }
    expect(await statusOf(node, '/v1/presence/users/ann')).toBe(401);
    expect([await failed(), errors()]).toEqual(before);
  });

  it('logs routes, not the people in their paths', async () => {
    await statusOf(node, '/v1/presence/users/mallory-of-the-log', {
      headers: { authorization: `Bearer ${await reader()}` },
    });
    const answered = () =>
      node.logs.filter((line) => line.includes('request answered') && line.includes('"code":200'));
    await until(() => answered().some((line) => line.includes('/v1/presence/users/:id')), {
      what: 'its line',
    });
    expect(node.logs.filter((line) => line.includes('mallory-of-the-log'))).toEqual([]);
  });

  it('warns about the first X-Forwarded-For, and once, while nobody is trusted to write it', async () => {
    const warnings = () =>
      node.logs.filter((line) => line.includes('"level":"warn"') && line.includes('X-Forwarded-For'));
    for (let i = 0; i < 3; i += 1)
      await statusOf(node, '/v1/presence/me', { headers: { 'x-forwarded-for': '203.0.113.7' } });
    await until(() => warnings().length > 0, { what: 'a warning' }).catch(() => undefined);
    expect(warnings()).toHaveLength(1);
  });

  // The attack: announce bodies and never end them. What arrived is memory, for each as much as its route may take.
  it('holds few unfinished bodies of one user, and says so', async () => {
    const token = await reader();
    const all = Array.from({ length: 60 }, () => dial(node));
    for (const { socket } of all) socket.write(`${head(token, 1_000_000)}{"users":["a`);
    const refused = () => all.filter(({ statuses }) => statuses()[0] === 429).length;
    await until(() => refused() >= 28, { what: 'refusals' }).catch(() => undefined);
    expect(refused()).toBe(28);
    // Somebody else is served meanwhile.
    const other = await issuer.token({ sub: 'erp', scope: 'read' });
    const asked = await fetch(`${node.httpUrl}/v1/presence/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${other}`, 'content-type': 'application/json' },
      body: '{"users":["ann"]}',
    });
    expect(asked.status).toBe(200);
  });

  it('answers a body that does not arrive with one 408, and closes', async () => {
    const { socket, seen, statuses } = dial(node);
    socket.write(`${head(await reader(), 100)}{"users":`);
    await until(() => seen.closed, { timeoutMs: 30_000, what: 'the end of the connection' });
    expect(statuses()).toEqual([408]);
    expect(seen.text).toContain('"code":"timeout"');
  }, 40_000);

  it('reads nothing of who is not known: their body is neither kept nor waited for', async () => {
    const { socket, seen, statuses } = dial(node);
    socket.write(`${head('nonsense', 1_000_000)}{"users":`);
    await until(() => seen.closed, { timeoutMs: 8000, what: 'the end of the connection' }).catch(
      () => undefined,
    );
    expect(statuses()).toEqual([401]);
    expect(seen.closed).toBe(true);
    const elsewhere = dial(node);
    elsewhere.socket.write(`${head('nonsense', 10_000, '/nowhere')}{"users":`);
    await until(() => elsewhere.seen.closed, { timeoutMs: 8000, what: 'the end of the connection' }).catch(
      () => undefined,
    );
    expect(elsewhere.statuses()).toEqual([404]);
    expect(elsewhere.seen.closed).toBe(true);
  }, 30_000);

  it('tells clients that it keeps idle connections for longer than balancers do', async () => {
    const { socket, seen } = dial(node);
    socket.write('GET /v1/presence/me HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => seen.text.includes('unauthorized'));
    expect(seen.text).toMatch(/^keep-alive: timeout=650\r$/im);
  });

  it('lets an office behind one address sign in at once', async () => {
    const waiting = Array.from({ length: 150 }, () => dial(node));
    for (const { socket } of waiting) socket.write(`GET /v1/ws HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`);
    await until(() => waiting.every(({ statuses }) => statuses().length === 1), {
      what: 'an answer for each',
    });
    expect(await node.metric('rollcall_unauthenticated_connections')).toBe(150);
  });
});

describe('limits by address', () => {
  let node: NodeProcess;
  beforeAll(async () => {
    node = await startNode({
      TRUST_PROXY: '1',
      HTTP_RATE: '5',
      UPGRADE_RATE: '5',
      MAX_HTTP_CONNECTIONS: '20',
    });
  });
  afterAll(() => node?.kill());

  const limited = async (ask: (i: number) => Promise<number>): Promise<number> => {
    const seen: number[] = [];
    for (let i = 0; i < 40; i += 1) seen.push(await ask(i));
    return seen.filter((status) => status === 429).length;
  };
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

  // The evasion: a proxy that writes ports makes an address of each, and spellings make more.
  it.each([
    ['a port each time', (i: number) => `203.0.113.7:${50_000 + i}`],
    [
      'IPv4 in spellings of IPv6',
      (i: number) => ['9.9.9.9', '::ffff:9.9.9.9', '::ffff:909:909', '[::ffff:0909:0909]:443'][i % 4] ?? '',
    ],
    ['one network of IPv6', (i: number) => `[2001:db8:7:7::${i + 1}]:${40_000 + i}`],
    ['what is no address', (i: number) => `unknown-${i}`],
  ])('count one client as one: %s', async (_what, address) => {
    expect(await limited((i) => statusOf(node, '/v1/presence/me', from(address(i))))).toBeGreaterThan(20);
  });

  it.each([
    ['preflights', 'OPTIONS', '/v1/presence/me'],
    ['plain requests for a WebSocket', 'GET', '/v1/ws'],
    ['paths that no router can read', 'GET', '/v1/presence/users/%zz'],
  ])('count %s', async (what, method, path) => {
    const address = `198.51.100.${what.length}`;
    expect(await limited(() => statusOf(node, path, { method, ...from(address) }))).toBeGreaterThan(20);
  });

  it('count upgrades where no WebSocket is', async () => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'MDEyMzQ1Njc4OWFiY2RlZg==',
      'x-forwarded-for': '198.51.100.200',
    };
    expect(await limited(() => statusOf(node, '/elsewhere', { headers }))).toBeGreaterThan(20);
  });

  it('hold on idle connections as well: the one idle for longest goes for a new one', async () => {
    const all: ReturnType<typeof dial>[] = [];
    for (let i = 0; i < 30; i += 1) {
      const one = dial(node);
      all.push(one);
      one.socket.write(`GET /v1/ws HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.18.0.${i}\r\n\r\n`);
      await until(() => one.seen.text.includes('426'), { what: 'an answer' });
    }
    await until(() => all.filter(({ seen }) => seen.closed).length >= 10, { what: 'ten closed' }).catch(
      () => undefined,
    );
    expect(all.map(({ seen }) => seen.closed)).toEqual([...Array(10).fill(true), ...Array(20).fill(false)]);
  });
});
