import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster, type HttpAnswer } from '../support/cluster.ts';
import type { TokenClaims } from '../support/tokens.ts';

interface Case {
  readonly name: string;
  readonly path: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly claims?: TokenClaims | null;
  readonly token?: string;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly code: string;
}

const person = { sub: 'ann' };
const nobody = { sub: 'svc', scope: 'watch' };
const own = '/v1/presence/me/status';
const batch = '/v1/presence/batch';

const TABLE: Case[] = [
  { name: 'no token', path: '/v1/presence/count', claims: null, status: 401, code: 'unauthorized' },
  {
    name: 'a bad token',
    path: '/v1/presence/count',
    token: 'v4.public.x',
    status: 401,
    code: 'unauthorized',
  },
  {
    name: 'another scheme',
    path: '/v1/presence/count',
    claims: null,
    headers: { authorization: 'Basic YTpi' },
    status: 401,
    code: 'unauthorized',
  },
  {
    name: 'no scope for the count',
    path: '/v1/presence/count',
    claims: person,
    status: 403,
    code: 'forbidden',
  },
  {
    name: 'no scope for a page',
    path: '/v1/presence/online',
    claims: person,
    status: 403,
    code: 'forbidden',
  },
  {
    name: 'no scope for another user',
    path: '/v1/presence/users/bob',
    claims: person,
    status: 403,
    code: 'forbidden',
  },
  {
    name: 'no scope for a batch',
    path: batch,
    method: 'POST',
    body: { users: ['a'] },
    claims: person,
    status: 403,
    code: 'forbidden',
  },
  { name: 'no scope for me', path: '/v1/presence/me', claims: nobody, status: 403, code: 'forbidden' },
  { name: 'no scope for the nodes', path: '/v1/nodes', status: 403, code: 'forbidden' },
  {
    name: 'the nodes for one tenant only',
    path: '/v1/nodes',
    claims: { sub: 'ops', scope: 'admin' },
    status: 403,
    code: 'forbidden',
  },
  { name: 'an unknown path', path: '/v1/nothing', status: 404, code: 'not_found' },
  { name: 'the root of nothing', path: '/../etc/passwd%00', status: 404, code: 'not_found' },
  {
    name: 'a method that is not there',
    path: '/v1/presence/count',
    method: 'DELETE',
    status: 404,
    code: 'not_found',
  },
  { name: 'a user id of dots', path: '/v1/presence/users/%2E%2E%2F', status: 200, code: '' },
  {
    name: 'a user id with control characters',
    path: '/v1/presence/users/a%00b',
    status: 400,
    code: 'invalid',
  },
  { name: 'a long user id', path: `/v1/presence/users/${'x'.repeat(129)}`, status: 400, code: 'invalid' },
  { name: 'a page of none', path: '/v1/presence/online?limit=0', status: 400, code: 'invalid' },
  { name: 'a page of too many', path: '/v1/presence/online?limit=1000000', status: 400, code: 'invalid' },
  { name: 'a page of words', path: '/v1/presence/online?limit=ten', status: 400, code: 'invalid' },
  { name: 'a cursor nobody gave', path: '/v1/presence/online?cursor=zzz', status: 400, code: 'invalid' },
  { name: 'a batch that is not JSON', path: batch, method: 'POST', body: '{', status: 400, code: 'invalid' },
  { name: 'a batch of nothing', path: batch, method: 'POST', body: {}, status: 400, code: 'invalid' },
  { name: 'a batch without a body', path: batch, method: 'POST', status: 400, code: 'invalid' },
  {
    name: 'a batch of numbers',
    path: batch,
    method: 'POST',
    body: { users: [1] },
    status: 400,
    code: 'invalid',
  },
  {
    name: 'a batch of bad ids',
    path: batch,
    method: 'POST',
    body: { users: ['..'] },
    status: 400,
    code: 'invalid',
  },
  {
    name: 'a batch of 1001',
    path: batch,
    method: 'POST',
    body: { users: Array.from({ length: 1_001 }, (_, i) => `u${i}`) },
    status: 400,
    code: 'invalid',
  },
  {
    // Small enough to fit into the buffers on its way: of a larger one the client may see the reset before the answer.
    name: 'a body too large',
    path: own,
    method: 'PUT',
    body: { status: 'busy', text: 't'.repeat(20_000) },
    claims: person,
    status: 413,
    code: 'too_large',
  },
  {
    name: 'a body of another kind',
    path: batch,
    method: 'POST',
    body: '<users/>',
    headers: { 'content-type': 'application/xml' },
    status: 400,
    code: 'invalid',
  },
  {
    name: 'an unknown status',
    path: own,
    method: 'PUT',
    body: { status: 'asleep' },
    claims: person,
    status: 400,
    code: 'invalid',
  },
  {
    name: 'the status offline',
    path: own,
    method: 'PUT',
    body: { status: 'offline' },
    claims: person,
    status: 400,
    code: 'invalid',
  },
  { name: 'no status', path: own, method: 'PUT', body: {}, claims: person, status: 400, code: 'invalid' },
  {
    name: 'a long text',
    path: own,
    method: 'PUT',
    body: { status: 'busy', text: 't'.repeat(141) },
    claims: person,
    status: 400,
    code: 'invalid',
  },
  {
    name: 'an end in the past',
    path: own,
    method: 'PUT',
    body: { status: 'busy', until: '2001-01-01T00:00:00.000Z' },
    claims: person,
    status: 400,
    code: 'invalid',
  },
];

describe('abuse is contained: bad requests', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 1 });
  });
  afterAll(() => cluster?.stop());

  const isProblem = (answer: HttpAnswer, status: number, code: string): void => {
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.json).toMatchObject({ status, code });
    expect(answer.json.title).toBeTypeOf('string');
    expect(answer.text).not.toMatch(/node_modules|\.ts:|at \w+ \(/);
  };

  it.each(TABLE)('$name: $status $code', async ({ path, status, code, ...how }) => {
    const answer = await cluster.http(path, how);
    if (status === 200) expect(answer.status).toBe(200);
    else isProblem(answer, status, code);
  });

  it('`..` as a user id never reaches another route', async () => {
    // fetch() resolves dot segments itself; a raw client does not.
    const token = await cluster.token({ sub: 'reader', scope: 'read' });
    const status = await new Promise<number>((resolve, reject) => {
      const { port } = cluster.node();
      request(
        { port, path: '/v1/presence/users/..', headers: { authorization: `Bearer ${token}` } },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      )
        .once('error', reject)
        .end();
    });
    expect([400, 404]).toContain(status);
  });

  it('the socket path without an upgrade is an error, not a socket', async () => {
    const answer = await cluster.http('/v1/ws');
    expect([400, 404, 426]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('an upgrade anywhere else opens nothing', async () => {
    const token = await cluster.token({ sub: 'reader', scope: 'read' });
    const status = await new Promise<number>((resolve, reject) => {
      const upgrade = request({
        port: cluster.node().port,
        path: '/v1/presence/count',
        headers: {
          authorization: `Bearer ${token}`,
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        },
      });
      upgrade.once('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      upgrade.once('upgrade', (_response, socket) => {
        socket.destroy();
        resolve(101);
      });
      upgrade.once('error', reject);
      upgrade.end();
    });
    expect(status).not.toBe(101);
  });

  it('health and metrics are not on the public port', async () => {
    for (const path of ['/livez', '/readyz', '/metrics']) {
      expect((await cluster.http(path, { claims: null })).status, path).toBe(404);
    }
  });
});

describe('HTTP_RATE', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 1, env: { HTTP_RATE: '10' } });
  });
  afterAll(() => cluster?.stop());

  it('answers 429 with the code and when to come back', async () => {
    const token = await cluster.token({ sub: 'hasty', scope: 'read' });
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => cluster.http('/v1/presence/count', { token })),
    );
    const limited = answers.filter((answer) => answer.status === 429);
    expect(answers.some((answer) => answer.status === 200)).toBe(true);
    expect(limited.length).toBeGreaterThan(0);
    expect(limited[0]?.json).toMatchObject({ code: 'rate_limited' });
    expect(Number(limited[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
