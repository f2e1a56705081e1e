import { describe, expect, it } from 'vitest';
import { type CallOptions, PRINCIPALS, principal, problem, rigs, service } from './rig.ts';

const start = rigs();

/** Every call with a request that is good, its scope, and whether it speaks of a tenant that can be named. */
const CALLS: [method: string, url: string, scope: string, tenant: boolean, options?: CallOptions][] = [
  ['GET', '/v1/presence/users/bob', 'read', true],
  ['POST', '/v1/presence/batch', 'read', true, { body: { users: ['bob'] } }],
  ['GET', '/v1/presence/online', 'read', true],
  ['GET', '/v1/presence/count', 'read', true],
  ['GET', '/v1/presence/me', 'connect', false],
  ['PUT', '/v1/presence/me/status', 'connect', false, { body: { status: 'busy' } }],
  ['DELETE', '/v1/presence/me/status', 'connect', false],
];
const NODES: (typeof CALLS)[number] = ['GET', '/v1/nodes', 'admin', false];

const OTHER_SCOPES: Record<string, string> = {
  read: 'connect watch watch:tenant write events mint admin',
  connect: 'watch watch:tenant read write events mint admin',
  admin: 'connect watch watch:tenant read write events mint',
};

describe.each([...CALLS, NODES])('%s %s', (method, url, scope, _tenant, options) => {
  it('wants a token', async () => {
    const { call, store } = await start();
    const response = await call(method, url, options);
    expect(problem(response)).toEqual({
      status: 401,
      code: 'unauthorized',
      detail: 'a bearer token is required',
    });
    expect(response.headers['www-authenticate']).toBe('Bearer');
    expect(store.calls).toEqual([]);
  });

  it.each([
    'Bearer forged',
    'bearer  forged',
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Basic dXNlcjpwYXNz',
    'user',
    '',
  ])('wants a good token, not %j', async (authorization) => {
    const { call, store } = await start();
    const response = await call(method, url, { ...options, headers: { authorization } });
    expect(problem(response)).toMatchObject({ status: 401, code: 'unauthorized' });
    expect(response.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect(response.body).not.toContain('forged');
    expect(store.calls).toEqual([]);
  });

  it(`wants the scope ${scope}, whatever else there is`, async () => {
    const of = url === NODES[1] ? service : principal;
    PRINCIPALS['others'] = of(OTHER_SCOPES[scope] ?? '');
    const { call, store } = await start();
    const response = await call(method, url, { ...options, token: 'others' });
    expect(problem(response)).toEqual({
      status: 403,
      code: 'forbidden',
      detail: `This needs the scope ${scope}.`,
    });
    expect(response.headers['www-authenticate']).toBe(`Bearer error="insufficient_scope", scope="${scope}"`);
    expect(store.calls).toEqual([]);
  });

  it(`is content with the scope ${scope} alone, in any case of Bearer`, async () => {
    const of = url === NODES[1] ? service : principal;
    PRINCIPALS['alone'] = of(scope);
    const { call } = await start();
    const response = await call(method, url, { ...options, headers: { authorization: 'bEARER alone' } });
    expect(response.statusCode).toBeLessThan(300);
  });
});

describe.each(CALLS)('the tenant of %s %s', (method, url, scope, _tenant, options) => {
  it.each(['other', 'acme', '', '*'])('cannot be named with an ordinary token: %j', async (tenant) => {
    PRINCIPALS['alone'] = principal(scope);
    const { call, store } = await start();
    const response = await call(method, `${url}?tenant=${tenant}`, { ...options, token: 'alone' });
    expect(problem(response)).toMatchObject({ status: 403, code: 'forbidden' });
    expect(store.calls).toEqual([]);
  });
});

describe.each(CALLS.filter(([, , , tenant]) => tenant))(
  'a token for every tenant at %s %s',
  (method, url, _s, _t, options) => {
    it('reads the tenant it names', async () => {
      const { call, store } = await start();
      const response = await call(method, `${url}?tenant=Globex.eu-1_x`, { ...options, token: 'everywhere' });
      expect(response.statusCode).toBe(200);
      expect(store.calls[0]?.args[0]).toBe('Globex.eu-1_x');
    });

    it.each([
      '',
      '?tenant=',
      '?tenant=*',
      '?tenant=a:b',
      '?tenant=a%20b',
      '?tenant=a%00',
      `?tenant=${'x'.repeat(65)}`,
      '?tenant=a&tenant=b',
      '?tenant[]=a',
      '?Tenant=a',
    ])('must name one: %j', async (query) => {
      const { call, store } = await start();
      const response = await call(method, `${url}${query}`, { ...options, token: 'everywhere' });
      expect(problem(response)).toMatchObject({ status: 400, code: 'invalid' });
      expect(problem(response).detail).toMatch(/^query\.tenant /);
      expect(store.calls).toEqual([]);
    });
  },
);

describe('who is nobody', () => {
  it('is not oneself in a tenant one only reads', async () => {
    PRINCIPALS['platform'] = service('events', 'bob');
    const { call } = await start();
    const response = await call('GET', '/v1/presence/users/bob?tenant=acme', { token: 'platform' });
    expect(problem(response)).toMatchObject({ status: 403 });
  });

  it('has no `me`', async () => {
    const { call } = await start();
    const response = await call('GET', '/v1/presence/me?tenant=acme', { token: 'everywhere' });
    expect(problem(response)).toMatchObject({ status: 403 });
  });

  it('sees no nodes with a token of one tenant', async () => {
    const { call, store } = await start();
    const response = await call('GET', '/v1/nodes', { token: 'admin' });
    expect(problem(response)).toEqual({
      status: 403,
      code: 'forbidden',
      detail: 'This needs a token whose tenant is "*".',
    });
    expect(store.calls).toEqual([]);
  });

  it('learns nothing of the question it may not ask', async () => {
    const { call } = await start();
    const response = await call('POST', '/v1/presence/batch', { token: 'user', body: '{' });
    expect(problem(response)).toMatchObject({ status: 403 });
  });
});
