import { describe, expect, it } from 'vitest';
import { BodyBudget } from '../../../src/http/body-budget.ts';
import { StoreError } from '../../../src/store/port/store-error.ts';
import { away, type CallOptions, problem, rigs, settings } from './rig.ts';

const start = rigs();

const CALLS: [method: string, url: string, options: CallOptions][] = [
  ['GET', '/v1/presence/users/bob', { token: 'reader' }],
  ['HEAD', '/v1/presence/users/bob', { token: 'reader' }],
  ['POST', '/v1/presence/batch', { token: 'reader', body: { users: ['bob'] } }],
  ['GET', '/v1/presence/online', { token: 'reader' }],
  ['GET', '/v1/presence/count', { token: 'reader' }],
  ['GET', '/v1/presence/me', { token: 'user' }],
  ['PUT', '/v1/presence/me/status', { token: 'user', body: { status: 'busy' } }],
  ['DELETE', '/v1/presence/me/status', { token: 'user' }],
  ['PUT', '/v1/presence/me/last-seen', { token: 'user' }],
  ['PUT', '/v1/presence/me/sessions/phone', { token: 'user', body: { ttlSeconds: 60 } }],
  ['DELETE', '/v1/presence/me/sessions/phone', { token: 'user' }],
  ['PUT', '/v1/presence/users/bob/claims/call', { token: 'writer', body: { status: 'busy' } }],
  ['DELETE', '/v1/presence/users/bob/claims/call', { token: 'writer' }],
  ['GET', '/v1/presence/users/bob/explain', { token: 'admin' }],
  ['DELETE', '/v1/presence/users/bob', { token: 'admin' }],
  ['POST', '/v1/users/bob/logout', { token: 'writer' }],
  ['POST', '/v1/users/bob/disconnect', { token: 'admin' }],
  ['POST', '/v1/users/bob/revoke', { token: 'admin' }],
  ['GET', '/v1/nodes', { token: 'everywhere' }],
];

describe.each(CALLS)('%s %s', (method, url, options) => {
  it('says that it does not know while the store is away', async () => {
    const { store, call } = await start();
    store.failure = away();
    const response = await call(method, url, options);
    expect(response.statusCode).toBe(503);
    expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(response.headers['cache-control']).toBe('no-store');
    if (method === 'HEAD') return;
    expect(problem(response)).toMatchObject({ status: 503, code: 'unavailable' });
    // Whoever wrote must not take it for undone.
    expect(response.body).toContain('may or may not have been made');
    expect(response.body).not.toContain('10.0.0.7');
  });

  it('says so too when the store never answers', async () => {
    // A call may take as long as its body may be on its way, and then some.
    const bodies = new BodyBudget({ ...new BodyBudget().limits, withinMs: 50 });
    const { store, call } = await start({ bodies, settings: settings({ redisCommandTimeoutMs: 10 }) });
    store.hangs = true;
    const response = await call(method, url, options);
    expect(response.statusCode).toBe(503);
    expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  });

  it('keeps what went wrong inside to itself', async () => {
    const { store, call } = await start();
    store.failure = Object.assign(new Error('secret of the house'), { code: 'EHOUSE' });
    const response = await call(method, url, options);
    expect(response.statusCode).toBe(500);
    if (method === 'HEAD') return;
    expect(response.json()).toEqual({
      type: 'about:blank',
      title: 'Internal Server Error',
      status: 500,
      code: 'internal',
    });
  });
});

it('refuses a cursor that the store did not give', async () => {
  const { store, call } = await start();
  store.failure = new StoreError('invalid_cursor', 'checksum differs');
  const response = await call('GET', '/v1/presence/online?cursor=made-up', { token: 'reader' });
  expect(problem(response)).toEqual({
    status: 400,
    code: 'invalid',
    detail: 'query.cursor is not a cursor that this service returned',
  });
});

it('logs what was unexpected, once and with its cause', async () => {
  const lines: string[] = [];
  const { pino } = await import('pino');
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(line) });
  const { store, call } = await start({ logger });
  store.failure = new Error('secret of the house');
  await call('GET', '/v1/presence/me', { token: 'user' });
  store.failure = away();
  await call('GET', '/v1/presence/me', { token: 'user' });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 50,
    route: '/v1/presence/me',
    err: { message: 'secret of the house' },
  });
});

describe('what there is not', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/v1'],
    ['GET', '/v1/'],
    ['GET', '/v1/presence'],
    ['GET', '/v1/presence/me/status'],
    ['POST', '/v1/presence/me'],
    ['GET', '/v1/presence/batch'],
    ['PATCH', '/v1/presence/me/status'],
    ['PATCH', '/v1/presence/users/bob'],
    ['PROPFIND', '/v1/presence/me'],
    ['TRACE', '/v1/presence/me'],
    ['GET', '/V1/presence/me'],
    ['GET', '/v1/presence/me/'],
    ['GET', '//v1/presence/me'],
    ['GET', '/v2/presence/me'],
    ['GET', '/favicon.ico'],
    ['GET', '/docs/static/../../../package.json'],
    ['GET', '/docs/static/nothing'],
  ])('%s %s is a problem', async (method, url) => {
    const { call } = await start();
    expect(problem(await call(method, url, { token: 'user' }))).toMatchObject({
      status: 404,
      code: 'not_found',
    });
  });

  it.each(['/livez', '/readyz', '/metrics', '/metrics?name=x'])(
    '%s is not on the public server',
    async (url) => {
      const { call } = await start();
      const response = await call('GET', url);
      expect(problem(response)).toMatchObject({ status: 404, code: 'not_found' });
      expect(response.json().detail).toBe('This is PORT, for clients. Health and metrics are on ADMIN_PORT.');
    },
  );
});
