import { expect, it } from 'vitest';
import { documentOf } from './documented.ts';
import { PRINCIPALS, principal, problem, type Rig, rigs, service } from './rig.ts';

const start = rigs();
PRINCIPALS['everything'] = principal('connect watch read write events mint admin');
PRINCIPALS['everythingEverywhere'] = service('watch read write events mint admin');

/** A body that is good, for calls that need one. */
const BODIES: Readonly<Record<string, object>> = {
  getPresences: { users: ['ann'] },
  setMyStatus: { status: 'busy' },
  setClaim: { status: 'busy' },
  setMyNote: { text: 'Back soon' },
  setGroups: { groups: ['team-7'] },
  setNote: { text: 'Back soon' },
  keepSession: { ttlSeconds: 60 },
  holdSession: { ttlSeconds: 60 },
  renewSessions: { sessions: [] },
  countPlaces: { places: ['doc:7'] },
  issueToken: { user: 'zoe' },
};

const callsOf = ({ app }: Rig) =>
  Object.entries(documentOf(app).paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId }]) => ({
      method: method.toUpperCase(),
      url: path.replace('{source}', 'calendar').replace(/\{\w+\}/g, 'bob'),
      body: BODIES[String(operationId)],
      token: path === '/v1/nodes' ? 'everythingEverywhere' : 'everything',
    })),
  );

// `disconnect?devise=mobile` closed every device, and `count?groups=g1` counted the whole tenant.
it('an unknown name in the query of any call is refused, and nothing is done', async () => {
  const rig = await start();
  const { call, store } = rig;
  for (const { method, url, body, token } of callsOf(rig)) {
    const response = await call(method, `${url}?devise=mobile`, { token, ...(body && { body }) });
    expect(problem(response), `${method} ${url}`).toEqual({
      status: 400,
      code: 'invalid',
      detail: 'query.devise is not known',
    });
    expect(store.calls, `${method} ${url}`).toEqual([]);
  }
});

it('an unknown field in the body of any call is refused, and nothing is done', async () => {
  const rig = await start();
  const { call, store } = rig;
  for (const { method, url, body, token } of callsOf(rig)) {
    if (method === 'GET') continue;
    const response = await call(method, url, { token, body: { ...body, devise: 'mobile' } });
    expect(problem(response), `${method} ${url}`).toEqual({
      status: 400,
      code: 'invalid',
      detail: 'body.devise is not known',
    });
    expect(store.calls, `${method} ${url}`).toEqual([]);
  }
});

it('an empty body is as good as none where none is taken', async () => {
  const { call } = await start();
  for (const body of [{}, '']) {
    expect((await call('POST', '/v1/users/bob/logout', { token: 'everything', body })).statusCode).toBe(204);
  }
  for (const body of [[], 'null', '7']) {
    const response = await call('POST', '/v1/users/bob/logout', { token: 'everything', body });
    expect(response.statusCode, JSON.stringify(body)).toBe(400);
  }
});

it('a body where none can be is refused', async () => {
  const { call, store } = await start();
  const response = await call('GET', '/v1/presence/me', { token: 'user', body: { user: 'bob' } });
  expect(problem(response)).toMatchObject({ status: 400, code: 'invalid' });
  expect(store.calls).toEqual([]);
});
