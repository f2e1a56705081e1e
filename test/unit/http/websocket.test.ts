import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuthError } from '../../../src/auth/principal.ts';
import { until } from '../../support/until.ts';
import { principal, service } from '../session/fakes.ts';
import { Rig } from '../session/rig.ts';
import { type Answer, ask, problemOf, UPGRADE, upgradesBy } from './upgrade-answers.ts';

let rig: Rig;
afterEach(() => rig.stop());

// `?activty=idle` opened active, and `?devise=mobile` as a browser, without a word.
describe('the query', () => {
  beforeEach(async () => {
    rig = await Rig.start({ settings: { tokenInQuery: true } });
  });

  it.each([
    'devise=mobile',
    'activty=idle',
    'Device=mobile',
    'constructor=1',
    '__proto__=1',
    'device=web&x=',
  ])('has no unknown names: %s', async (query) => {
    for (const path of ['/v1/ws', '/ws']) {
      const { status, code, detail } = problemOf(await ask(rig, `${path}?${query}`));
      expect({ status, code }).toEqual({ status: 400, code: 'invalid' });
      expect(detail).toMatch(/^query\.\w+ is not known$/);
    }
    expect(rig.capacity.sockets).toBe(0);
  });

  it('is not repeated at length', async () => {
    const { detail } = problemOf(await ask(rig, `/v1/ws?${'x'.repeat(4000)}=1`));
    expect(detail.length).toBeLessThan(120);
  });
});

describe('the four ways to sign in', () => {
  beforeEach(async () => {
    rig = await Rig.start({ settings: { tokenInQuery: true } });
  });

  it.each(['header', 'subprotocol', 'query', 'frame'] as const)('by %s', async (signIn) => {
    const client = await rig.enter('anna', { signIn });
    expect(client.first('welcome')).toMatchObject({ user: 'anna', tenant: 'acme' });
    expect(client.socket.protocol).toBe(signIn === 'subprotocol' ? 'rollcall.v1' : '');
    expect(await upgradesBy(rig, 'accepted')).toBe(1);
  });

  it('is the same at /ws', async () => {
    const client = await rig.enter('anna', { path: '/ws' });
    expect(client.first('welcome')).toMatchObject({ user: 'anna' });
  });

  it('answers no other subprotocol', async () => {
    const token = rig.auth.issue(principal('anna'));
    const socket = connect(rig.port, '127.0.0.1');
    const lines = Object.entries({ ...UPGRADE, 'sec-websocket-protocol': `graphql-ws, bearer.${token}` });
    socket.write(
      `GET /v1/ws HTTP/1.1\r\nhost: x\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n`,
    );
    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1.1 101 /);
    expect(head.toString().toLowerCase()).not.toContain('sec-websocket-protocol');
    await until(() => rig.membership.members.length === 1);
    socket.destroy();
  });

  it('loses nothing that comes in the same packet as the upgrade', async () => {
    const token = rig.auth.issue(principal('anna'));
    const socket = connect(rig.port, '127.0.0.1');
    const lines = Object.entries({ ...UPGRADE, authorization: `Bearer ${token}` });
    const text = Buffer.from('{"type":"ping"}');
    const frame = Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]);
    socket.write(
      Buffer.concat([
        Buffer.from(
          `GET /v1/ws HTTP/1.1\r\nhost: x\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n`,
        ),
        frame,
      ]),
    );
    let seen = '';
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1');
    });
    await until(() => seen.includes('"type":"pong"'));
    expect(seen.indexOf('welcome')).toBeLessThan(seen.indexOf('pong'));
    socket.destroy();
  });

  it('never lets a token in the URL be seen', async () => {
    await rig.stop();
    const urls: (string | undefined)[] = [];
    rig = await Rig.start({
      settings: { tokenInQuery: true },
      extend: (app) => {
        app.addHook('onRequest', async ({ url, raw }) => void urls.push(url, raw.url));
      },
    });
    const client = await rig.enter('anna', { signIn: 'query', device: 'mobile' });
    expect(client.first('welcome')).toMatchObject({ user: 'anna' });
    expect(urls).toEqual(['/v1/ws?device=mobile', '/v1/ws?device=mobile']);
    expect(rig.membership.members[0]?.device).toBe('mobile');
  });
});

describe('a bad token', () => {
  beforeEach(async () => {
    rig = await Rig.start({ settings: { tokenInQuery: true } });
  });

  it.each([
    ['unknown', 'Bearer bad'],
    ['empty', 'Bearer '],
    ['of another scheme', 'Basic YTpi'],
  ])('in the header is 401 before the upgrade: %s', async (_what, authorization) => {
    const answer = await ask(rig, '/v1/ws', { ...UPGRADE, authorization });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    expect(answer.headers.connection).toBe('close');
    expect(problemOf(answer).code).toBe('unauthorized');
    expect(answer.body).not.toContain('YTpi');
    expect(await upgradesBy(rig, 'unauthorized')).toBe(1);
  });

  it.each(['subprotocol', 'query', 'frame'] as const)('by %s is accepted and closed 4401', async (signIn) => {
    const client = rig.dial({ token: 'bad', signIn });
    expect(await client.end()).toBe(4401);
    expect(client.closed?.reason).toBe('the signature is wrong');
    expect(client.frames).toEqual([]);
    expect(await rig.value('rollcall_closes_total', { code: '4401' })).toBe(1);
    await until(() => rig.capacity.sockets === 0);
  });

  // A reason longer than 123 bytes is an exception of the WebSocket library: the socket stayed open, and the node logged.
  it.each(['subprotocol', 'query', 'frame'] as const)(
    'by %s, refused at length, is closed all the same',
    async (signIn) => {
      rig.auth.error = new AuthError('bad_claims', `The claim "groups" ${'é'.repeat(200)}`);
      const client = rig.dial({ token: 'x', signIn });
      expect(await client.end()).toBe(4401);
      expect(client.closed?.reason).toMatch(/^The claim "groups" é{50}é*$/);
    },
  );

  it('beside a password of a proxy is still looked at', async () => {
    const token = rig.auth.issue(principal('anna'));
    const headers = { authorization: 'Basic YTpi' };
    const client = rig.dial({ token, signIn: 'subprotocol', headers });
    await client.until(() => client.first('welcome'));
    expect(await rig.dial({ token: 'bad', signIn: 'subprotocol', headers }).end()).toBe(4401);
  });

  it('in the URL is closed 4401 where none may be, good or not', async () => {
    await rig.stop();
    rig = await Rig.start();
    const token = rig.auth.issue(principal('anna'));
    const client = rig.dial({ token, signIn: 'query' });
    expect(await client.end()).toBe(4401);
    expect(client.closed?.reason).toMatch(/no token in the URL/);
  });

  it('that cannot be verified is our fault: 503, or 1013', async () => {
    rig.auth.error = new Error('boom');
    const answer = await ask(rig, '/v1/ws', { ...UPGRADE, authorization: 'Bearer x' });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(problemOf(answer).code).toBe('unavailable');
    expect(await rig.dial({ token: 'x', signIn: 'subprotocol' }).end()).toBe(1013);
  });
});

describe('a token that is not for this', () => {
  beforeEach(async () => {
    rig = await Rig.start();
  });

  it.each([
    ['no scope of use', { scopes: ['read', 'events'] as const }, '', 403, 'forbidden'],
    ['every tenant and none named', service('anna'), '', 400, 'invalid'],
    ['one tenant and one named', {}, '?tenant=acme', 403, 'forbidden'],
  ])('%s: 403 or 400 in the header, else 4403', async (_what, over, query, status, code) => {
    const scopes = 'scopes' in over ? over.scopes : undefined;
    const who = 'service' in over ? over : principal('anna', scopes && { scopes: [...scopes] });
    const token = rig.auth.issue(who);
    const answer = await ask(rig, `/v1/ws${query}`, { ...UPGRADE, authorization: `Bearer ${token}` });
    expect(answer.status).toBe(status);
    expect(problemOf(answer).code).toBe(code);
    for (const signIn of ['subprotocol', 'frame'] as const) {
      expect(await rig.dial({ token, signIn, path: `/v1/ws${query}` }).end()).toBe(4403);
    }
    expect(rig.membership.members).toEqual([]);
  });

  it('of every tenant is of the one it names', async () => {
    const who = service('board');
    const client = await rig.enter(who, { path: '/v1/ws?tenant=acme' });
    expect(client.first('welcome')).toMatchObject({ tenant: 'acme' });
    await client.watch({ tenant: true });
    expect(rig.fanout.watchers[0]?.tenant).toBe('acme');
  });
});

describe('what is refused before any token is looked at', () => {
  const token = () => ({ authorization: `Bearer ${rig.auth.issue(principal('anna'))}` });

  it.each(['/v1/ws?device=fridge', '/v1/ws?device=', '/v1/ws?device=web&device=api', '/v1/ws?tenant=a:b'])(
    'a bad query: %s',
    async (path) => {
      rig = await Rig.start();
      const answer = await ask(rig, path, { ...UPGRADE, ...token() });
      expect(answer.status).toBe(400);
      expect(problemOf(answer)).toMatchObject({ code: 'invalid', detail: expect.stringMatching(/^query\./) });
      expect(await upgradesBy(rig, 'invalid')).toBe(1);
    },
  );

  it('an origin that is not allowed', async () => {
    rig = await Rig.start({ settings: { allowedOrigins: ['https://app.example'] } });
    for (const origin of ['https://evil.example', 'null', 'https://app.example.evil.example']) {
      const answer = await ask(rig, '/v1/ws', { ...UPGRADE, ...token(), origin });
      expect(answer.status).toBe(403);
      expect(problemOf(answer).code).toBe('forbidden');
    }
    expect(await upgradesBy(rig, 'origin_refused')).toBe(3);
    await rig.enter('anna', { headers: { origin: 'https://app.example' } });
    await rig.enter('anna');
  });

  it('a handshake of another version, or without a key', async () => {
    rig = await Rig.start();
    const old = await ask(rig, '/v1/ws', { ...UPGRADE, ...token(), 'sec-websocket-version': '8' });
    expect(old.status).toBe(426);
    expect(old.headers['sec-websocket-version']).toBe('13');
    expect(problemOf(old).code).toBe('invalid');
    const keyless = await ask(rig, '/v1/ws', { ...UPGRADE, ...token(), 'sec-websocket-key': 'short' });
    expect(keyless.status).toBe(400);
    expect(problemOf(keyless).code).toBe('invalid');
  });

  it('too many upgrades of one address, and of no other', async () => {
    rig = await Rig.start({ settings: { upgradeRate: 3 }, trustProxy: true });
    const from = (address: string) =>
      ask(rig, '/v1/ws', { ...UPGRADE, authorization: 'Bearer bad', 'x-forwarded-for': address });
    const first = await Promise.all(Array.from({ length: 5 }, () => from('192.0.2.1')));
    expect(first.map(({ status }) => status).sort()).toEqual([401, 401, 401, 429, 429]);
    const limited = first.find(({ status }) => status === 429) as Answer;
    expect(problemOf(limited).code).toBe('rate_limited');
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    expect((await from('192.0.2.2')).status).toBe(401);
    rig.ahead.monotonic += 1000;
    expect((await from('192.0.2.1')).status).toBe(401);
  });
});

describe('what is no upgrade of ours', () => {
  beforeEach(async () => {
    rig = await Rig.start({
      extend: (app) => {
        app.get('/v1/other', async () => ({ hello: 'world' }));
      },
    });
  });

  it.each(['GET', 'HEAD'])('a plain %s is told that it takes a WebSocket', async (method) => {
    for (const path of ['/v1/ws', '/ws?device=web']) {
      const answer = await ask(rig, path, {}, method);
      expect(answer.status).toBe(426);
      expect(answer.headers.upgrade).toBe('websocket');
      if (method === 'GET') expect(problemOf(answer).code).toBe('invalid');
    }
  });

  it.each(['/v1/other', '/nowhere', '/v1/ws/', '/'])('there is no WebSocket at %s', async (path) => {
    const answer = await ask(rig, path);
    expect(answer.status).toBe(404);
    expect(problemOf(answer)).toMatchObject({ code: 'not_found', detail: expect.stringContaining('/v1/ws') });
    expect(answer.headers.connection).toBe('close');
  });

  it('an upgrade to another protocol is answered without one', async () => {
    const headers = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAAQAoAAAAAIAAAAA',
    };
    const answer = await ask(rig, '/v1/other', headers);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ hello: 'world' });
    expect((await ask(rig, '/v1/ws', headers)).status).toBe(426);
    expect((await ask(rig, '/nowhere', headers)).status).toBe(404);
  });

  it('an upgrade by another method is none', async () => {
    const answer = await ask(rig, '/v1/ws', UPGRADE, 'POST');
    expect(answer.status).toBe(404);
    expect(problemOf(answer).code).toBe('not_found');
  });

  it('leaves no connection behind', async () => {
    const socket = connect({ port: rig.port, host: '127.0.0.1', allowHalfOpen: true });
    const lines = Object.entries(UPGRADE).map((line) => line.join(': '));
    socket.write(`GET /nowhere HTTP/1.1\r\nhost: x\r\n${lines.join('\r\n')}\r\n\r\n`);
    socket.resume();
    const open = () => new Promise<number>((resolve) => rig.app.server.getConnections((_, n) => resolve(n)));
    await once(socket, 'end');
    await until(async () => (await open()) === 0);
    socket.destroy();
  });
});
