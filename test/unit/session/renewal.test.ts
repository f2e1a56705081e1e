import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { gate, principal } from './fakes.ts';
import { Harness } from './harness.ts';

describe('renewing in place', () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.start();
  });
  afterEach(() => harness.stop());

  const renew = async (
    client: Awaited<ReturnType<Harness['enter']>>,
    over: Parameters<typeof principal>[1],
  ) => client.ask({ type: 'auth', token: harness.auth.issue(principal('anna', over)) });

  it('welcomes again, and what the token says counts at once', async () => {
    const client = await harness.enter('anna');
    const exp = Math.floor(Date.now() / 1000) + 7200;
    const welcome = await renew(client, { iat: 2000, exp, groups: ['g'], name: 'Anna' });
    expect(welcome).toMatchObject({ type: 'welcome', expiresAt: new Date(exp * 1000).toISOString() });
    expect(harness.membership.renewals).toMatchObject([{ iat: 2000, groups: ['g'], name: 'Anna' }]);
    expect(harness.membership.members[0]?.principal.exp).toBe(exp);
    expect(harness.membership.members).toHaveLength(1);
    expect(await harness.value('rollcall_connections')).toBe(1);
  });

  it('takes a token of the same age', async () => {
    const client = await harness.enter('anna');
    expect(await renew(client, { iat: 1000 })).toMatchObject({ type: 'welcome' });
  });

  it.each([
    ['another user', { user: 'bob' }],
    ['another tenant', { tenant: 'other' }],
    ['an older iat', { iat: 999 }],
  ])('refuses %s as invalid', async (_what, over) => {
    const client = await harness.enter('anna');
    const token = harness.auth.issue({ ...principal('anna'), ...over });
    expect(await client.ask({ type: 'auth', token })).toMatchObject({ type: 'error', code: 'invalid' });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    expect(harness.membership.renewals).toEqual([]);
  });

  it('refuses a token without iat where there was one', async () => {
    const client = await harness.enter('anna');
    const { iat: _iat, ...without } = principal('anna');
    const token = harness.auth.issue(without);
    expect(await client.ask({ type: 'auth', token })).toMatchObject({ code: 'invalid' });
  });

  it('answers a bad token with unauthorized and stays', async () => {
    const client = await harness.enter('anna');
    expect(await client.ask({ type: 'auth', token: 'bad' })).toMatchObject({
      type: 'error',
      code: 'unauthorized',
      message: 'the signature is wrong',
    });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
  });

  it('answers forbidden to a token that allows nothing here, and stays', async () => {
    const client = await harness.enter('anna');
    expect(await renew(client, { scopes: ['read'] })).toMatchObject({ code: 'forbidden' });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    expect(harness.membership.members).toHaveLength(1);
  });

  it('answers unavailable when it cannot be verified', async () => {
    const client = await harness.enter('anna');
    harness.auth.error = new Error('boom');
    expect(await client.ask({ type: 'auth', token: 'x' })).toMatchObject({ code: 'unavailable' });
    expect(client.over).toBe(false);
  });

  it('does nothing for somebody who left meanwhile', async () => {
    const client = await harness.enter('anna');
    const verified = gate();
    harness.auth.wait = verified.promise;
    client.send({ type: 'auth', token: harness.auth.issue(principal('anna')) });
    expect(await client.bye()).toBe(1000);
    verified.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(harness.membership.renewals).toEqual([]);
  });
});

describe('watches after a renewal', () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.start();
  });
  afterEach(() => harness.stop());

  const watching = async (scopes: Parameters<typeof principal>[1]) => {
    const client = await harness.enter(principal('anna', { scopes: ['connect', 'watch:tenant'] }));
    await client.ask({ type: 'watch', users: ['bob', 'carol'], tenant: true });
    const mark = client.mark;
    await client.ask({ type: 'auth', token: harness.auth.issue(principal('anna', scopes)) });
    return { client, gone: client.of('gone', mark), watching: harness.fanout.watchers[0]?.watching };
  };

  it('all stay while the scope does', async () => {
    const after = await watching({ scopes: ['connect', 'watch:tenant'] });
    expect(after.gone).toEqual([]);
    expect(after.watching).toEqual({ users: new Set(['bob', 'carol']), tenant: true });
  });

  it('of the tenant are gone without watch:tenant', async () => {
    const after = await watching({ scopes: ['connect', 'watch'] });
    expect(after.gone).toEqual([{ type: 'gone', tenant: true }]);
    expect(after.watching).toEqual({ users: new Set(['bob', 'carol']), tenant: false });
  });

  it('of everybody are gone without any', async () => {
    const after = await watching({ scopes: ['connect'] });
    expect(after.gone).toEqual([
      { type: 'gone', tenant: true },
      { type: 'gone', users: ['bob', 'carol'] },
    ]);
    expect(after.watching).toEqual({ users: new Set(), tenant: false });
    expect(await after.client.ask({ type: 'watch', users: ['bob'] })).toMatchObject({ code: 'forbidden' });
  });

  it('are gone too when they were still being answered', async () => {
    const client = await harness.enter(principal('anna', { scopes: ['connect', 'watch:tenant'] }));
    const read = gate();
    harness.fanout.wait = read.promise;
    client.send({ type: 'watch', tenant: true, ref: 'w' });
    await client.ask({ type: 'auth', token: harness.auth.issue(principal('anna')) });
    read.resolve();
    await client.until(() => client.first('gone'));
    expect(harness.fanout.watchers[0]?.watching.tenant).toBe(false);
  });

  it('are told in several frames when there are very many', async () => {
    const users = Array.from({ length: 1200 }, (_, i) => `u${i}`);
    const client = await harness.enter('anna');
    await client.ask({ type: 'watch', users });
    await client.ask({ type: 'auth', token: harness.auth.issue(principal('anna', { scopes: ['connect'] })) });
    const gone = client.of('gone');
    expect(gone.map((frame) => frame.users?.length)).toEqual([500, 500, 200]);
    expect(gone.flatMap((frame) => frame.users)).toEqual(users);
  });
});

describe('losing and gaining connect', () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.start();
  });
  afterEach(() => harness.stop());
  const ref = { tenant: 'acme', user: 'anna' };

  it('says goodbye, and may come back', async () => {
    const client = await harness.enter('anna');
    await client.ask({ type: 'auth', token: harness.auth.issue(principal('anna', { scopes: ['watch'] })) });
    expect(harness.membership.left).toMatchObject([{ how: 'goodbye' }]);
    expect(harness.sessions.observersOf(ref)).toHaveLength(1);

    await client.ask({ type: 'auth', token: harness.auth.issue(principal('anna')) });
    expect(harness.membership.members).toHaveLength(1);
    expect(harness.sessions.observersOf(ref)).toHaveLength(0);
    client.close();
    await until(() => harness.membership.left.length === 2);
    expect(harness.membership.left[1]?.how).toBe('lost');
  });
});

describe('a token for every tenant', () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.start();
  });
  afterEach(() => harness.stop());

  it('renews for the tenant named when the socket was opened', async () => {
    const who = principal('board', { tenant: '*', scopes: ['watch:tenant'] });
    const client = await harness.enter(who, { path: '/v1/ws?tenant=acme' });
    expect(client.first('welcome')?.tenant).toBe('acme');
    expect(await client.ask({ type: 'auth', token: harness.auth.issue(who) })).toMatchObject({
      type: 'welcome',
      tenant: 'acme',
    });
  });
});

describe('the end of the token', () => {
  let harness: Harness;
  afterEach(() => harness.stop());

  it('closes 4401 unless it was renewed', async () => {
    harness = await Harness.start({ settings: { pingIntervalMs: 200 } });
    const exp = Math.floor(Date.now() / 1000) + 60;
    const renewed = await harness.enter(principal('anna', { exp }));
    const left = await harness.enter(principal('bob', { exp }));
    await renewed.ask({ type: 'auth', token: harness.auth.issue(principal('anna')) });
    harness.ahead.wall += 59_000 + (exp * 1000 - Date.now() - 60_000);
    await until(() => left.over || Date.now() + harness.ahead.wall > exp * 1000);
    expect(await left.end()).toBe(4401);
    expect(left.closed?.reason).toBe('the token ran out');
    expect(Date.now() + harness.ahead.wall).toBeGreaterThanOrEqual(exp * 1000);
    expect(await renewed.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    await until(() => harness.membership.left.length === 1);
    expect(harness.membership.left[0]?.how).toBe('lost');
  });

  it('is not looked for only after the next ping', async () => {
    harness = await Harness.start();
    const exp = Math.floor(Date.now() / 1000) + 2;
    const client = await harness.enter(principal('anna', { exp }));
    expect(await client.end()).toBe(4401);
    expect(Date.now() - exp * 1000).toBeGreaterThanOrEqual(0);
    expect(Date.now() - exp * 1000).toBeLessThan(1000);
  });

  it('may come earlier after a renewal', async () => {
    harness = await Harness.start();
    const client = await harness.enter('anna');
    const exp = Math.floor(Date.now() / 1000) + 2;
    await client.ask({ type: 'auth', token: harness.auth.issue(principal('anna', { exp })) });
    expect(await client.end()).toBe(4401);
  });
});
