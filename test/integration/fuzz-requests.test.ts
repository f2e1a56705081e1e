import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { Dice } from '../support/fuzz/dice.ts';
import { garbled, mutated } from '../support/fuzz/mutate.ts';
import { rssOf } from '../support/fuzz/rss.ts';

const SEED = Number(process.env.ROLLCALL_SEED ?? Date.now() % 1_000_000);
const REQUESTS = Number(process.env.ROLLCALL_FUZZ ?? 20_000) / 4;
const CALLERS = 8;

/** Codes of problems by status, as the contract lists them. */
const PROBLEMS: Readonly<Record<number, readonly string[]>> = {
  400: ['invalid'],
  401: ['unauthorized'],
  403: ['forbidden'],
  404: ['not_found'],
  409: ['too_many_claims', 'too_many_sessions', 'outdated'],
  413: ['too_large'],
  429: ['rate_limited'],
  503: ['unavailable'],
};

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: Record<string, unknown>;
}

const calls = (dice: Dice): Call[] => {
  const id = encodeURIComponent(
    dice.one([`u${dice.below(30)}`, 'é漢', '..', '.', 'x'.repeat(129), '%', 'a/b', '']),
  );
  const p = '/v1/presence';
  return [
    { method: 'GET', path: `${p}/users/${id}` },
    { method: 'POST', path: `${p}/batch`, body: { users: ['a', id] } },
    { method: 'GET', path: `${p}/online?limit=${dice.one([1, 10, 1000, 0, 'x'])}&group=${id}` },
    { method: 'GET', path: `${p}/online?cursor=${dice.text(9)}` },
    { method: 'GET', path: `${p}/count?group=${id}` },
    { method: 'GET', path: `${p}/me` },
    { method: 'PUT', path: `${p}/me/status`, body: { status: 'busy', text: 'x', emoji: '🙂' } },
    { method: 'DELETE', path: `${p}/me/status` },
    { method: 'PUT', path: `${p}/me/last-seen` },
    {
      method: 'PUT',
      path: `${p}/me/sessions/${id}`,
      body: { ttlSeconds: 60, activity: 'active', device: 'mobile' },
    },
    { method: 'DELETE', path: `${p}/me/sessions/${id}` },
    {
      method: 'PUT',
      path: `${p}/users/${id}/claims/${dice.one(['call', 'calendar', 'user', 'A', id])}`,
      body: { status: 'away' },
    },
    { method: 'DELETE', path: `${p}/users/${id}/claims/call` },
    { method: 'GET', path: `${p}/users/${id}/explain` },
    { method: 'POST', path: `/v1/users/${id}/logout` },
    { method: 'POST', path: `/v1/users/${id}/disconnect` },
    { method: 'DELETE', path: `${p}/users/${id}` },
    { method: 'POST', path: '/v1/tokens', body: { user: 'zoe', ttlSeconds: 60, scope: 'connect' } },
    { method: 'GET', path: `/v1/nodes?tenant=${id}` },
    { method: dice.one(['PATCH', 'OPTIONS', 'HEAD', 'GET']), path: `/${dice.text(8)}` },
  ];
};

describe(`random and mutated requests (ROLLCALL_SEED=${SEED})`, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 1 });
  });
  afterAll(() => cluster?.stop());

  it(
    'get an answer of the table, crash nothing and leak nothing',
    async () => {
      const node = cluster.nodes[0];
      if (node === undefined) throw new Error('no node');
      const scope = 'connect watch read write admin mint';
      const tokens = await Promise.all([
        cluster.issuer.token({ sub: 'u1', scope }),
        cluster.issuer.token({ sub: 'u2', groups: ['g'] }),
        cluster.issuer.token({ sub: 'svc', tenant: '*', scope: 'read write admin' }),
        cluster.issuer.token({ sub: 'u3' }, { ttlSeconds: -60 }),
        Promise.resolve('nonsense'),
      ]);
      const seen = new Set<number>();
      const send = (call: Call, body: string | undefined, token: string): Promise<void> =>
        new Promise((resolve, reject) => {
          const what = `${call.method} ${call.path} ${body?.slice(0, 200) ?? ''}`;
          // What node itself refuses to send is no question to the service.
          const path = call.path.replace(/[^\x21-\x7e]/g, '_');
          const headers = {
            ...(token !== '' && { authorization: `Bearer ${token}` }),
            ...(body !== undefined && {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(body),
            }),
          };
          const made = request(node.httpUrl, { method: call.method, path, headers }, (response) => {
            const parts: Buffer[] = [];
            response.on('data', (part: Buffer) => parts.push(part));
            response.on('error', reject);
            response.on('end', () => {
              const status = response.statusCode ?? 0;
              seen.add(status);
              const text = Buffer.concat(parts).toString();
              const codes = PROBLEMS[status];
              const good =
                status < 400 ||
                call.method === 'HEAD' ||
                codes?.some((code) => text.includes(`"code":"${code}"`));
              if (good === true) resolve();
              else reject(new Error(`${what} was answered ${status} ${text.slice(0, 300)}`));
            });
          });
          made.on('error', (error) => reject(new Error(`${what} broke off`, { cause: error })));
          made.end(body);
        });
      const before = await rssOf(node.pid);
      const caller = async (index: number): Promise<void> => {
        const dice = new Dice(SEED + 100 + index);
        for (let n = 0; n < REQUESTS / CALLERS; n += 1) {
          const call = dice.one(calls(dice));
          const base = call.body && (dice.chance(0.5) ? mutated(dice, call.body) : call.body);
          const text = base && JSON.stringify(base);
          const body = text !== undefined && dice.chance(0.1) ? garbled(dice, text) : text;
          await send(call, body, dice.chance(0.05) ? '' : dice.one(tokens));
        }
      };
      await Promise.all(Array.from({ length: CALLERS }, (_, index) => caller(index)));
      for (const status of [200, 201, 204, 400, 401, 403, 404]) {
        // Tokens are only issued where there is a key to issue with.
        if (status !== 201) expect(seen).toContain(status);
      }
      expect(node.running).toBe(true);
      expect(node.logs.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
      expect((await rssOf(node.pid)) - before).toBeLessThan(200 * 1024 * 1024);
    },
    Math.max(120_000, REQUESTS * 20),
  );
});
