import { describe, expect, it } from 'vitest';
import { NOW, problem, type Rig, rigs, view } from './rig.ts';

const start = rigs();

describe('GET /v1/presence/users/{id}', () => {
  it('answers with everything there is to tell', async () => {
    const { store, call } = await start();
    store.known.set(
      'acme:bob',
      view('bob', {
        status: 'busy',
        lastSeen: NOW - 1000,
        name: 'Bob',
        text: 'Tea',
        emoji: '🫖',
        until: NOW + 5000,
        devices: ['web', 'mobile'],
      }),
    );
    const response = await call('GET', '/v1/presence/users/bob', { token: 'reader' });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      user: 'bob',
      status: 'busy',
      since: '2026-11-21T11:59:00.000Z',
      ver: NOW * 1000,
      lastSeen: '2026-11-21T11:59:59.000Z',
      name: 'Bob',
      text: 'Tea',
      emoji: '🫖',
      until: '2026-11-21T12:00:05.000Z',
      devices: ['web', 'mobile'],
    });
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.headers['content-type']).toMatch(/^application\/json/);
  });

  it('answers for a user nobody has seen', async () => {
    const { call } = await start();
    const response = await call('GET', '/v1/presence/users/ghost', { token: 'reader' });
    expect(response.json()).toEqual({ user: 'ghost', status: 'offline', ver: 0 });
  });

  it.each([
    'a/b',
    'a b',
    'ünï',
    '👩🏻‍❤️‍💋‍👩🏼',
    '%',
    '%2F',
    '%25',
    'a%',
    'a?b#c',
    'a+b',
    'a&tenant=x',
    'a;b',
    'a:b',
    '\'"\\',
    '...',
    '.a',
    'me',
    'users',
    '__proto__',
    '*',
    'x'.repeat(128),
    '/'.repeat(128),
    '€'.repeat(42),
    '👩'.repeat(32),
  ])('reads the id %j as it was meant', async (id) => {
    const { store, call } = await start();
    const response = await call('GET', `/v1/presence/users/${encodeURIComponent(id)}`, { token: 'reader' });
    expect(response.statusCode).toBe(200);
    expect(response.json().user).toBe(id);
    expect(store.calls).toEqual([{ name: 'read', args: ['acme', [id]] }]);
  });

  it.each([
    ['a control character', '\0'],
    ['a line break', 'a\nb'],
    ['a control character beyond ASCII', '\u0085'],
    ['too long', 'x'.repeat(129)],
    ['too many bytes', '€'.repeat(43)],
    ['far too long', 'x'.repeat(10_000)],
  ])('refuses an id with %s', async (_, id) => {
    const { call, store } = await start();
    const response = await call('GET', `/v1/presence/users/${encodeURIComponent(id)}`, { token: 'reader' });
    expect(problem(response)).toEqual({
      status: 400,
      code: 'invalid',
      detail: expect.stringMatching(/^path.id /),
    });
    expect(store.calls).toEqual([]);
  });

  it.each(['/v1/presence/users/a/b', '/v1/presence/users', '/v1/presence/users/a/'])(
    'knows no %s',
    async (path) => {
      const { call } = await start();
      expect(problem(await call('GET', path, { token: 'reader' }))).toMatchObject({
        status: 404,
        code: 'not_found',
      });
    },
  );

  it('answers about oneself without the scope', async () => {
    const { call } = await start();
    expect((await call('GET', '/v1/presence/users/alice', { token: 'user' })).statusCode).toBe(200);
    expect((await call('GET', '/v1/presence/users/alice', { token: 'nobody' })).statusCode).toBe(200);
    expect(problem(await call('GET', '/v1/presence/users/bob', { token: 'user' }))).toMatchObject({
      status: 403,
      code: 'forbidden',
    });
  });
});

describe('POST /v1/presence/batch', () => {
  const ask = (rig: Rig, body: unknown, token = 'reader') =>
    rig.call('POST', '/v1/presence/batch', { token, body });

  it('answers in the order asked', async () => {
    const at = await start();
    at.store.known.set('acme:bob', view('bob'));
    const response = await ask(at, { users: ['zoe', 'bob', 'zoe'] });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      users: [
        { user: 'zoe', status: 'offline', ver: 0 },
        {
          user: 'bob',
          status: 'online',
          since: '2026-11-21T11:59:00.000Z',
          ver: NOW * 1000,
          devices: ['web'],
        },
        { user: 'zoe', status: 'offline', ver: 0 },
      ],
    });
    expect(at.store.calls).toEqual([{ name: 'read', args: ['acme', ['zoe', 'bob', 'zoe']] }]);
  });

  it('takes none and a thousand of the longest, however they are escaped', async () => {
    const at = await start();
    expect((await ask(at, { users: [] })).json()).toEqual({ users: [] });
    const id = '\\u0041'.repeat(128);
    const body = `{"users":[${Array(1000).fill(`"${id}"`).join(', ')}]}`;
    const response = await ask(at, body);
    expect(response.statusCode).toBe(200);
    expect(response.json().users).toHaveLength(1000);
    expect(response.json().users[999].user).toBe('A'.repeat(128));
  });

  it.each([
    [undefined, 'body must be object'],
    ['{"users":["a"', 'The body is not valid JSON.'],
    ['{"users":["a"],"__proto__":{"x":1}}', 'The body is not valid JSON.'],
    ['null', 'body must be object'],
    ['[]', 'body must be object'],
    ['"a"', 'body must be object'],
    [{}, 'body.users is required'],
    [{ users: 'a' }, 'body.users must be array'],
    [{ users: ['a', 1] }, 'body.users[1] must be string'],
    [{ users: ['a', null] }, 'body.users[1] must be string'],
    [{ users: ['a', ['b']] }, 'body.users[1] must be string'],
    [{ users: ['a', ''] }, 'body.users[1] is not a user id'],
    [{ users: ['.', 'a'] }, 'body.users[0] is not a user id'],
    [{ users: ['a', '\ud800'] }, 'body.users[1] is not a user id'],
    [{ users: ['a', 'x'.repeat(129)] }, 'body.users[1] is not a user id'],
    [{ users: ['a'], user: 'b' }, 'body.user is not known'],
  ])('refuses %j', async (body, detail) => {
    const at = await start();
    expect(problem(await ask(at, body))).toEqual({ status: 400, code: 'invalid', detail });
    expect(at.store.calls).toEqual([]);
  });

  it('refuses more than a thousand', async () => {
    const at = await start();
    expect(problem(await ask(at, { users: Array(1001).fill('a') }))).toEqual({
      status: 400,
      code: 'invalid',
      detail: 'body.users must not have more than 1000 items',
    });
  });

  it('refuses bytes that are not UTF-8 instead of asking for somebody else', async () => {
    const at = await start();
    const response = await at.call('POST', '/v1/presence/batch', {
      token: 'reader',
      headers: { 'content-type': 'application/json' },
      payload: Buffer.from('{"users":["a\xff"]}', 'latin1'),
    });
    expect(problem(response)).toMatchObject({
      status: 400,
      code: 'invalid',
      detail: 'The body is not valid UTF-8.',
    });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'nonsense', ''])(
    'refuses the content type %j',
    async (type) => {
      const at = await start();
      const response = await at.call('POST', '/v1/presence/batch', {
        token: 'reader',
        headers: { 'content-type': type },
        payload: '{"users":["a"]}',
      });
      expect(problem(response)).toMatchObject({ status: 400, code: 'invalid' });
    },
  );

  it('refuses a body that is too large', async () => {
    const at = await start();
    const response = await ask(at, { users: ['x'.repeat(1_048_576)] });
    expect(problem(response)).toMatchObject({ status: 413, code: 'too_large' });
  });
});

describe('GET /v1/presence/online', () => {
  it('passes the page on as it is', async () => {
    const { store, call } = await start();
    store.nextPage = { users: [view('bob'), view('eve', { status: 'away' })], cursor: 'b3BhcXVl' };
    const response = await call('GET', '/v1/presence/online', { token: 'reader' });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      users: [
        {
          user: 'bob',
          status: 'online',
          since: '2026-11-21T11:59:00.000Z',
          ver: NOW * 1000,
          devices: ['web'],
        },
        { user: 'eve', status: 'away', since: '2026-11-21T11:59:00.000Z', ver: NOW * 1000, devices: ['web'] },
      ],
      cursor: 'b3BhcXVl',
    });
    expect(store.calls).toEqual([{ name: 'page', args: ['acme', 100, undefined] }]);
  });

  it('asks for the next page, and says when there is none', async () => {
    const { store, call } = await start();
    const response = await call('GET', '/v1/presence/online?limit=1000&cursor=b3Bh%2Bc%3D', {
      token: 'reader',
    });
    expect(response.json()).toEqual({ users: [] });
    expect(store.calls).toEqual([{ name: 'page', args: ['acme', 1000, 'b3Bh+c='] }]);
  });

  it.each([
    ['limit=0', 'query.limit must be >= 1'],
    ['limit=1001', 'query.limit must be <= 1000'],
    ['limit=-1', 'query.limit must be >= 1'],
    ['limit=', 'query.limit must be integer'],
    ['limit=ten', 'query.limit must be integer'],
    ['limit=1.5', 'query.limit must be integer'],
    ['limit=1e2', 'query.limit must be integer'],
    ['limit=0x10', 'query.limit must be integer'],
    ['limit=%2010', 'query.limit must be integer'],
    ['limit=1&limit=2', 'query.limit must be integer'],
    ['limit=99999999999999999999', 'query.limit must be integer'],
    ['cursor=', 'query.cursor must not have fewer than 1 characters'],
    [`cursor=${'x'.repeat(1025)}`, 'query.cursor must not have more than 1024 characters'],
    ['cursor=a&cursor=b', 'query.cursor must be string'],
    ['group=', 'query.group is not a group id'],
    ['group=..', 'query.group is not a group id'],
    ['group=a&group=b', 'query.group must be string'],
  ])('refuses ?%s', async (query, detail) => {
    const { store, call } = await start();
    expect(problem(await call('GET', `/v1/presence/online?${query}`, { token: 'reader' }))).toEqual({
      status: 400,
      code: 'invalid',
      detail,
    });
    expect(store.calls).toEqual([]);
  });
});

describe('GET /v1/presence/count', () => {
  it('tells the numbers', async () => {
    const { store, call } = await start();
    store.counts = { online: 3, away: 2, busy: 1 };
    const response = await call('GET', '/v1/presence/count', { token: 'reader' });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({ online: 3, away: 2, busy: 1 });
    expect(store.calls).toEqual([{ name: 'count', args: ['acme'] }]);
  });

  it('of a group tells members who are there, and all of them', async () => {
    const { store, call } = await start();
    const response = await call('GET', '/v1/presence/count?group=team', { token: 'reader' });
    expect(response.json()).toEqual({ present: 2, members: 5 });
    expect(store.calls).toEqual([{ name: 'groups.count', args: ['acme', 'team'] }]);
  });

  it('refuses what can be no group', async () => {
    const { call } = await start();
    expect(problem(await call('GET', '/v1/presence/count?group=', { token: 'reader' }))).toEqual({
      status: 400,
      code: 'invalid',
      detail: 'query.group is not a group id',
    });
  });
});
