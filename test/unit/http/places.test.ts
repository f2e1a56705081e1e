import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../src/store/port/store-error.ts';
import { NOW, PRINCIPALS, principal, problem, type Rig, rigs, service, settings } from './rig.ts';

const start = rigs();
const ALICE = { tenant: 'acme', user: 'alice' };
const BOB = { tenant: 'acme', user: 'bob' };
PRINCIPALS['everywhereWriter'] = service('read write');

const member = { user: 'ann', name: 'Ann', groups: ['g'], data: '{"hue":[1,{"a":"b"}]}', since: NOW, ver: 7 };

describe('who is in a place', () => {
  it('is a page of members as others see them, without their groups', async () => {
    const { store, call } = await start();
    store.places.nextPage = {
      users: [member, { user: 'bob', since: 0, ver: 8 }],
      ...{ total: 40, cursor: 'bmV4dA' },
    };
    const response = await call('GET', '/v1/places/doc%2F7?limit=2&cursor=YQ', { token: 'reader' });
    expect(response.json()).toEqual({
      users: [
        {
          ...{ user: 'ann', name: 'Ann', data: { hue: [1, { a: 'b' }] } },
          ...{ since: new Date(NOW).toISOString(), ver: 7 },
        },
        { user: 'bob', ver: 8 },
      ],
      total: 40,
      cursor: 'bmV4dA',
    });
    expect(store.calls).toEqual([{ name: 'places.page', args: ['acme', 'doc/7', 2, 'YQ'] }]);
  });

  it('is counted for up to 200 places, in the order asked', async () => {
    const { store, call } = await start();
    store.places.totals.set('doc:8', 12);
    const places = ['doc:7', 'doc:8', 'doc:7'];
    const response = await call('POST', '/v1/places/counts', { token: 'reader', body: { places } });
    expect(response.json()).toEqual({ counts: [0, 12, 0] });
    const many = Array.from({ length: 201 }, (_, i) => `doc:${i}`);
    const refused = await call('POST', '/v1/places/counts', { token: 'reader', body: { places: many } });
    expect(problem(refused)).toMatchObject({ status: 400, code: 'invalid' });
  });

  it('is found by user too', async () => {
    const { store, call } = await start();
    store.places.held = ['doc:7', 'board'];
    const response = await call('GET', '/v1/presence/users/bob/places', { token: 'reader' });
    expect(response.json()).toEqual({ places: ['doc:7', 'board'] });
    expect(store.calls).toEqual([{ name: 'places.of', args: [BOB] }]);
  });

  it.each([
    ['GET', '/v1/places/doc'],
    ['POST', '/v1/places/counts'],
    ['GET', '/v1/presence/users/alice/places'],
  ])('%s %s needs read, also of oneself', async (method, url) => {
    const { store, call } = await start();
    const body = method === 'POST' ? { body: { places: [] } } : {};
    const response = await call(method, url, { token: 'user', ...body });
    expect(problem(response)).toMatchObject({ status: 403, code: 'forbidden' });
    expect(store.calls).toEqual([]);
  });

  it('is not known while the store is not', async () => {
    const { store, call } = await start();
    store.failure = new StoreError('unavailable', 'young');
    expect(problem(await call('GET', '/v1/places/doc', { token: 'reader' }))).toMatchObject({
      status: 503,
      code: 'unavailable',
    });
  });
});

describe('putting out of a place', () => {
  it('is of everybody, or of one', async () => {
    const { store, call } = await start();
    expect((await call('DELETE', '/v1/places/doc:7', { token: 'writer' })).statusCode).toBe(204);
    expect((await call('DELETE', '/v1/places/doc:7/users/bob', { token: 'writer' })).statusCode).toBe(204);
    const everywhere = await call('DELETE', '/v1/places/doc:7?tenant=globex', { token: 'everywhereWriter' });
    expect(everywhere.statusCode).toBe(204);
    expect(store.calls).toEqual([
      { name: 'places.putOut', args: ['acme', 'doc:7'] },
      { name: 'places.putOut', args: ['acme', 'doc:7', 'bob'] },
      { name: 'places.putOut', args: ['globex', 'doc:7'] },
    ]);
  });

  it('needs write, and an id that can be one', async () => {
    const { store, call } = await start();
    expect(problem(await call('DELETE', '/v1/places/doc', { token: 'reader' })).status).toBe(403);
    const long = await call('DELETE', `/v1/places/${'é'.repeat(65)}`, { token: 'writer' });
    expect(problem(long)).toMatchObject({ status: 400, code: 'invalid' });
    expect(store.calls).toEqual([]);
  });
});

describe('a place of one’s own session', () => {
  const URL = '/v1/presence/me/sessions/phone-1/places/doc:7';

  it('is entered with data, and left', async () => {
    const { store, call } = await start();
    store.places.held = ['board'];
    const body = { data: { hue: 1, deep: [{}] } };
    const response = await call('PUT', URL, { token: 'member', body });
    expect(response.json()).toEqual({ place: 'doc:7', data: body.data, places: ['board', 'doc:7'] });
    expect((await call('PUT', URL, { token: 'user' })).json()).toEqual({
      place: 'doc:7',
      places: ['board', 'doc:7'],
    });
    expect((await call('DELETE', URL, { token: 'user' })).statusCode).toBe(204);
    expect(store.calls).toEqual([
      {
        name: 'places.enter',
        args: [
          ...[ALICE, 'phone-1', 'doc:7', '{"hue":1,"deep":[{}]}'],
          { iat: 77, name: 'Alice', groups: ['g'] },
        ],
      },
      { name: 'places.enter', args: [ALICE, 'phone-1', 'doc:7', undefined, { iat: 0 }] },
      { name: 'places.leave', args: [ALICE, 'phone-1', 'doc:7'] },
    ]);
  });

  it.each([
    ['a text', '"x"'],
    ['a list', '[]'],
    ['null', 'null'],
    ['too long', JSON.stringify({ text: 'é'.repeat(600) })],
    ['too deep', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`],
  ])('takes no data that is %s', async (_, data) => {
    const { store, call } = await start();
    const response = await call('PUT', URL, { token: 'user', body: `{"data":${data}}` });
    expect(problem(response)).toMatchObject({ status: 400, code: 'invalid' });
    expect(store.calls).toEqual([]);
  });

  it('is only one that the token names, where PLACE_POLICY says so', async () => {
    const { store, call } = await start({ settings: settings({ placePolicy: 'token' }) });
    PRINCIPALS['docs'] = principal('connect', { places: ['doc:*'], placesWatch: ['board'] });
    expect((await call('PUT', URL, { token: 'docs' })).statusCode).toBe(200);
    for (const [token, place] of [
      ['user', 'doc:7'],
      ['docs', 'board'],
      ['docs', 'doc'],
    ]) {
      const response = await call('PUT', `/v1/presence/me/sessions/phone-1/places/${place}`, {
        token: token ?? '',
      });
      expect(problem(response), place).toMatchObject({ status: 403, code: 'forbidden' });
    }
    expect(store.calls).toHaveLength(1);
  });

  it('is left when the session is renewed by a token that opens it no more', async () => {
    const { store, call } = await start({ settings: settings({ placePolicy: 'token' }) });
    PRINCIPALS['docs'] = principal('connect', { places: ['doc:*'] });
    store.places.held = ['doc:7', 'board'];
    const body = { ttlSeconds: 60 };
    const response = await call('PUT', '/v1/presence/me/sessions/phone-1', { token: 'docs', body });
    expect(response.json()).toMatchObject({ places: ['doc:7'] });
    expect(store.calls.at(-1)).toEqual({ name: 'places.leave', args: [ALICE, 'phone-1', 'board'] });
  });

  it.each([
    ['not_found', 404, 'not_found'],
    ['too_many_places', 409, 'too_many_places'],
    ['put_out', 403, 'forbidden'],
    ['revoked', 401, 'unauthorized'],
  ] as const)('answers %s', async (reason, status, code) => {
    const { store, call } = await start();
    store.failure = new StoreError(reason, 'no');
    expect(problem(await call('PUT', URL, { token: 'user' }))).toMatchObject({ status, code });
  });
});

describe('a session that a service holds', () => {
  const URL = '/v1/presence/users/bob/sessions/agent-1';
  const SAID = NOW / 1000 + 5;
  const put = ({ call }: Rig, body: object, url = URL) => call('PUT', url, { token: 'writer', body });

  it('is an agent with a name, and says which places it is in', async () => {
    const rig = await start();
    rig.store.places.held = ['doc:7'];
    const body = { ttlSeconds: 60, device: 'agent', name: 'Summariser' };
    expect((await put(rig, body)).json()).toEqual({
      ...{ id: 'agent-1', ttlSeconds: 60, device: 'agent', name: 'Summariser' },
      places: ['doc:7'],
    });
    expect(rig.store.calls[0]).toEqual({
      name: 'keepSession',
      args: [
        ...[BOB, 'agent-1', { ttlMs: 60_000, device: 'agent' }],
        { iat: SAID, issued: SAID, name: 'Summariser' },
      ],
    });
  });

  it('says nothing of the user that was not said', async () => {
    const rig = await start();
    await put(rig, { ttlSeconds: 60 });
    expect(rig.store.calls[0]?.args[3]).toEqual({ iat: 0, issued: SAID });
  });

  it('enters and leaves places whatever PLACE_POLICY says, and ends', async () => {
    const rig = await start({ settings: settings({ placePolicy: 'token' }) });
    const place = `${URL}/places/doc:7`;
    expect((await put(rig, { data: { is: 'thinking' } }, place)).json()).toEqual({
      ...{ place: 'doc:7', data: { is: 'thinking' }, places: ['doc:7'] },
    });
    expect((await rig.call('DELETE', place, { token: 'writer' })).statusCode).toBe(204);
    expect((await rig.call('DELETE', URL, { token: 'writer' })).statusCode).toBe(204);
    expect(rig.store.calls.map(({ name, args }) => [name, ...args.slice(0, 3)])).toEqual([
      ['places.enter', BOB, 'agent-1', 'doc:7'],
      ['places.leave', BOB, 'agent-1', 'doc:7'],
      ['endSession', BOB, 'agent-1'],
    ]);
  });

  it.each([
    ['PUT', URL],
    ['DELETE', URL],
    ['PUT', `${URL}/places/doc`],
    ['DELETE', `${URL}/places/doc`],
  ])('%s %s needs write, also for oneself', async (method, url) => {
    const { store, call } = await start();
    const own = url.replace('bob', 'alice');
    const body = method === 'PUT' && !url.includes('places') ? { ttlSeconds: 60 } : {};
    expect(problem(await call(method, own, { token: 'user', body }))).toMatchObject({ status: 403 });
    expect(store.calls).toEqual([]);
  });

  it.each(['', '\u202eevil', 'x'.repeat(257)])('takes no name like %j', async (name) => {
    const rig = await start();
    expect(problem(await put(rig, { ttlSeconds: 60, name }))).toMatchObject({ status: 400, code: 'invalid' });
    expect(rig.store.calls).toEqual([]);
  });
});

describe('POST /v1/sessions/batch', () => {
  const post = ({ call }: Rig, sessions: unknown, token = 'writer') =>
    call('POST', '/v1/sessions/batch', { token, body: { sessions } });
  const one = (user: string, more: object = {}) => ({ user, id: 's-1', ttlSeconds: 60, ...more });

  it('renews each, and says what happened to each', async () => {
    const rig = await start();
    rig.store.places.held = ['doc:7'];
    const keep = rig.store.keepSession.bind(rig.store);
    rig.store.keepSession = async (ref, ...more) => {
      if (ref.user === 'full') throw new StoreError('too_many_sessions', 'no');
      if (ref.user === 'away') throw new StoreError('unavailable', 'no');
      return keep(ref, ...more);
    };
    const asked = [one('ann', { device: 'agent' }), one('full'), one('bob'), one('away')];
    const response = await post(rig, asked);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      sessions: [
        { user: 'ann', id: 's-1', places: ['doc:7'] },
        { user: 'full', id: 's-1', code: 'too_many_sessions' },
        { user: 'bob', id: 's-1', places: ['doc:7'] },
        { user: 'away', id: 's-1', code: 'unavailable' },
      ],
    });
  });

  it('takes 500 with long ids', async () => {
    const rig = await start();
    const sessions = Array.from({ length: 500 }, (_, i) =>
      one(`${i}`.padEnd(128, 'é').slice(0, 64), { id: 'i'.repeat(128) }),
    );
    const response = await post(rig, sessions);
    expect(response.statusCode).toBe(200);
    expect(response.json().sessions).toHaveLength(500);
  });

  it.each([
    [[...Array(501)].map((_, i) => one(`u${i}`))],
    [[one('..')]],
    [[one('ann', { id: '.' })]],
    [[one('ann', { ttlSeconds: 1 })]],
    [[one('ann', { colour: 'red' })]],
    [[one('ann'), one('bob', { name: '\u202e' })]],
    [[null]],
    ['ann'],
  ])('refuses the whole of %.60j, and renews none', async (sessions) => {
    const rig = await start();
    expect(problem(await post(rig, sessions))).toMatchObject({ status: 400, code: 'invalid' });
    expect(rig.store.calls).toEqual([]);
  });

  it('needs write', async () => {
    const rig = await start();
    expect(problem(await post(rig, [], 'user'))).toMatchObject({ status: 403 });
  });
});
