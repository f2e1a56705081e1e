import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { answerClientError } from '../../../src/http/client-error.ts';
import { type Rig, rigs } from './rig.ts';

const start = rigs();
const open = new Set<Socket>();
afterEach(() => {
  for (const socket of open) socket.destroy();
  open.clear();
});

const listen = async (more: Parameters<typeof start>[0] = {}): Promise<Rig> => {
  const rig = await start(more);
  await rig.app.listen({ port: 0, host: '127.0.0.1' });
  return rig;
};

/** Sends these bytes and reads until the server has closed, which all of these requests ask for or bring about. */
const send = async ({ app }: Rig, text: string | Buffer) => {
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  open.add(socket);
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  const answer = Buffer.concat(parts).toString();
  const [head = '', body = ''] = answer.split('\r\n\r\n', 2);
  return {
    status: Number(head.split(' ', 2)[1]),
    type: /^content-type: ([^;\r]+)/im.exec(head)?.[1],
    json: () => JSON.parse(body) as Record<string, unknown>,
  };
};

const get = (path: string, headers = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer reader\r\n${headers}\r\n`;

describe('paths that clients normalise before they send them', () => {
  it.each(['/v1/presence/users/.', '/v1/presence/users/..', '/v1/presence/users/%2e%2E'])(
    '%s is no user',
    async (path) => {
      const rig = await listen();
      const answer = await send(rig, get(path));
      expect(answer.status).toBe(400);
      expect(answer.json()).toMatchObject({ code: 'invalid', detail: 'path.id is not a user id' });
      expect(rig.store.calls).toEqual([]);
    },
  );

  it('/v1/presence/users/ is no user', async () => {
    const rig = await listen();
    expect([400, 404]).toContain((await send(rig, get('/v1/presence/users/'))).status);
    expect(rig.store.calls).toEqual([]);
  });

  it.each(['/v1/presence/users/ü', '/v1/presence/users/a?tenant=ü'])(
    '%s must be percent-encoded',
    async (path) => {
      const rig = await listen();
      const answer = await send(rig, Buffer.from(get(path)));
      expect(answer.status).toBe(400);
      expect(answer.json()).toMatchObject({ code: 'invalid' });
      expect(rig.store.calls).toEqual([]);
    },
  );
});

describe('what is hardly HTTP', () => {
  it.each([
    ['nonsense', 'hello\r\n\r\n', 400, 'invalid'],
    ['a space in the path', get('/v1/presence/users/a b'), 400, 'invalid'],
    ['a header without a name', get('/', ': x\r\n'), 400, 'invalid'],
    ['two lengths', get('/', 'Content-Length: 1\r\nContent-Length: 2\r\n'), 400, 'invalid'],
    ['a length and chunks', get('/', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n'), 400, 'invalid'],
    ['a URL without end', get(`/v1/presence/users/${'x'.repeat(20_000)}`), 431, 'too_large'],
    ['headers without end', get('/', `X: ${'x'.repeat(20_000)}\r\n`), 431, 'too_large'],
  ])('%s is a problem', async (_, text, status, code) => {
    const rig = await listen();
    const answer = await send(rig, text);
    expect(answer).toMatchObject({ status, type: 'application/problem+json' });
    expect(answer.json()).toMatchObject({ type: 'about:blank', status, code });
  });

  it('a request that trickles in is told so', () => {
    const written: string[] = [];
    const socket = Object.assign(new EventEmitter(), {
      writable: true,
      end: (text: string) => written.push(text),
    });
    answerClientError(
      Object.assign(new Error(), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }),
      socket as unknown as Socket,
    );
    expect(written[0]).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  it('a connection that is gone is let go', () => {
    let destroyed = 0;
    const socket = { writable: false, destroy: () => (destroyed += 1) };
    answerClientError(Object.assign(new Error(), { code: 'ECONNRESET' }), socket as unknown as Socket);
    expect(destroyed).toBe(1);
  });

  it('has limits of time', async () => {
    const { app } = await listen();
    expect(app.server.headersTimeout).toBeGreaterThan(0);
    expect(app.server.headersTimeout).toBeLessThanOrEqual(app.server.requestTimeout);
    expect(app.server.requestTimeout).toBeLessThanOrEqual(30_000);
    expect(app.server.timeout).toBeGreaterThan(0);
  });
});

describe('upgrades of plain calls', () => {
  /** As the WebSocket plugin does: upgrades go through the routes like any request. */
  const registerSockets: NonNullable<Parameters<typeof start>[0]>['registerSockets'] = async (app) => {
    const { default: websocket } = await import('@fastify/websocket');
    await app.register(websocket);
  };
  const upgrade = 'Connection: Upgrade\r\nUpgrade: h2c\r\n';

  it('are answered as if they had not asked', async () => {
    const rig = await listen({ registerSockets });
    const request = `GET /v1/presence/users/bob HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer reader\r\n${upgrade}\r\n`;
    const answer = await send(rig, request);
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ user: 'bob' });
  });

  it.each(['/nowhere', '/%zz', '/v1/presence/users/bob', '/v1/presence/users/ü'])(
    'leave no connection behind when they are refused: %s',
    async (path) => {
      const rig = await listen({ registerSockets });
      const answer = await send(rig, Buffer.from(`GET ${path} HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`));
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.type).toBe('application/problem+json');
    },
  );

  it.each(['/v1/presence/batch', '/nowhere'])(
    'are refused where a body would be missed: %s',
    async (path) => {
      const rig = await listen({ registerSockets });
      const body = '{"users":["bob"]}';
      const answer = await send(
        rig,
        `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer reader\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${upgrade}\r\n${body}`,
      );
      expect(answer.status).toBe(400);
      expect(answer.json()).toMatchObject({ code: 'invalid', detail: expect.stringContaining('Upgrade') });
    },
  );

  it('are no matter where there is no body', async () => {
    const rig = await listen({ registerSockets });
    const answer = await send(
      rig,
      `DELETE /v1/presence/me/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer user\r\n${upgrade}\r\n`,
    );
    expect(answer.status).toBe(204);
  });
});

it('answers calls to the end while it closes', async () => {
  let drained: (() => void) | undefined;
  const rig = await listen({
    registerSockets: async (app) => {
      app.addHook('preClose', (done) => {
        drained = done;
      });
    },
  });
  const closing = rig.app.close();
  await expect.poll(() => drained).toBeDefined();
  const answer = await send(rig, get('/v1/presence/users/bob'));
  expect(answer.status).toBe(200);
  drained?.();
  await closing;
});
