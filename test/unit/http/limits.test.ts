import { expect, it } from 'vitest';
import { PRINCIPALS, principal, problem, type Rig, rigs, settings } from './rig.ts';

const start = rigs();

const from = (rig: Rig, ip: string, options: { token?: string; url?: string; forwarded?: string } = {}) =>
  rig.app.inject({
    method: 'GET',
    url: options.url ?? '/v1/presence/users/alice',
    remoteAddress: ip,
    headers: {
      ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      ...(options.forwarded !== undefined && { 'x-forwarded-for': options.forwarded }),
    },
  });

const codes = async (times: number, ask: () => ReturnType<typeof from>): Promise<number[]> => {
  const seen: number[] = [];
  for (let i = 0; i < times; i++) seen.push((await ask()).statusCode);
  return seen;
};

it('limits a user, wherever the calls come from', async () => {
  const rig = await start({ settings: settings({ httpRate: 3 }) });
  let ip = 1;
  const seen = await codes(5, () => from(rig, `10.0.0.${ip++}`, { token: 'user' }));
  expect(seen).toEqual([200, 200, 200, 429, 429]);
  const refused = await from(rig, '10.0.1.1', { token: 'user' });
  expect(problem(refused)).toMatchObject({ status: 429, code: 'rate_limited' });
  expect(refused.headers['retry-after']).toBe('1');
  expect(refused.headers['cache-control']).toBe('no-store');
  // Somebody else is not held back, nor the same name in another tenant.
  expect((await from(rig, '10.0.1.2', { token: 'reader' })).statusCode).toBe(200);
  PRINCIPALS['namesake'] = principal('', { tenant: 'globex' });
  expect((await from(rig, '10.0.1.3', { token: 'namesake' })).statusCode).toBe(200);
});

it('limits an address before it looks at the token', async () => {
  const rig = await start({ settings: settings({ httpRate: 3 }) });
  let n = 0;
  const seen = await codes(5, () => from(rig, '2001:db8::1', { token: `guess${n++}` }));
  expect(seen).toEqual([401, 401, 401, 429, 429]);
  // The neighbour's address is the same customer's.
  expect((await from(rig, '2001:db8::2', { token: 'user' })).statusCode).toBe(429);
  expect((await from(rig, '2001:db8:0:1::2', { token: 'user' })).statusCode).toBe(200);
});

it('limits what leads nowhere and the documentation alike', async () => {
  const rig = await start({ settings: settings({ httpRate: 2 }) });
  expect(await codes(3, () => from(rig, '10.0.0.1', { url: '/nowhere' }))).toEqual([404, 404, 429]);
  expect(await codes(3, () => from(rig, '10.0.0.2', { url: '/docs/json' }))).toEqual([200, 200, 429]);
});

it('limits nobody when it is turned off', async () => {
  const rig = await start({ settings: settings({ httpRate: 0 }) });
  expect(new Set(await codes(300, () => from(rig, '10.0.0.1', { token: 'user' })))).toEqual(new Set([200]));
});

it.each([
  ['nobody', false, ['1.1.1.1', '2.2.2.2'], [401, 429]],
  ['everybody', true, ['1.1.1.1', '2.2.2.2'], [401, 401]],
  ['the proxy at the door', '10.0.0.0/8', ['1.1.1.1', '2.2.2.2'], [401, 401]],
  ['another proxy', '192.168.0.1', ['1.1.1.1', '2.2.2.2'], [401, 429]],
  ['one hop', 1, ['1.1.1.1', '2.2.2.2'], [401, 401]],
  ['one hop, whatever the client made up', 1, ['6.6.6.6, 1.1.1.1', '7.7.7.7, 1.1.1.1'], [401, 429]],
  ['two hops', 2, ['1.1.1.1, 5.5.5.5', '2.2.2.2, 5.5.5.5'], [401, 401]],
])('trusts %s to say who calls', async (_, trustProxy, forwarded, expected) => {
  const rig = await start({ settings: settings({ httpRate: 1, trustProxy }) });
  const seen: number[] = [];
  for (const client of forwarded) seen.push((await from(rig, '10.0.0.1', { forwarded: client })).statusCode);
  expect(seen).toEqual(expected);
});
