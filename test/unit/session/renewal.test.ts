import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLOCK_SKEW_MS } from '../../../src/auth/claims.ts';
import { until } from '../../support/until.ts';
import { gate, principal, service, view } from './fakes.ts';
import { Rig } from './rig.ts';

describe('renewing in place', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await Rig.start();
  });
  afterEach(() => rig.stop());

  const renew = async (client: Awaited<ReturnType<Rig['enter']>>, over: Parameters<typeof principal>[1]) =>
    client.ask({ type: 'auth', token: rig.auth.issue(principal('anna', over)) });

  it('welcomes again, and what the token says counts at once', async () => {
    const client = await rig.enter('anna');
    const exp = Math.floor(Date.now() / 1000) + 7200;
    const welcome = await renew(client, { iat: 2000, exp, groups: ['g'], name: 'Anna' });
    expect(welcome).toMatchObject({ type: 'welcome', expiresAt: new Date(exp * 1000).toISOString() });
    expect(rig.membership.renewals).toMatchObject([{ iat: 2000, groups: ['g'], name: 'Anna' }]);
    expect(rig.membership.members[0]?.principal.exp).toBe(exp);
    expect(rig.membership.members).toHaveLength(1);
    expect(await rig.value('rollcall_connections')).toBe(1);
  });

  it('says what others see of the person, once that is known', async () => {
    const client = await rig.enter('anna');
    expect(await renew(client, { iat: 2000 })).not.toHaveProperty('self');
    rig.membership.known = { view: { ...view('anna'), status: 'offline' }, invisible: true };
    expect(await renew(client, { iat: 2000 })).toMatchObject({
      self: { status: 'offline', invisible: true },
    });
  });

  it('takes a token of the same age', async () => {
    const client = await rig.enter('anna');
    expect(await renew(client, { iat: 1000 })).toMatchObject({ type: 'welcome' });
  });

  it.each([
    ['another user', { user: 'bob' }],
    ['another tenant', { tenant: 'other' }],
    ['an older iat', { iat: 999 }],
  ])('refuses %s as invalid', async (_what, over) => {
    const client = await rig.enter('anna');
    const token = rig.auth.issue({ ...principal('anna'), ...over });
    expect(await client.ask({ type: 'auth', token })).toMatchObject({ type: 'error', code: 'invalid' });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    expect(rig.membership.renewals).toEqual([]);
  });

  it('refuses a token without iat where there was one', async () => {
    const client = await rig.enter('anna');
    const { iat: _iat, ...without } = principal('anna');
    const token = rig.auth.issue(without);
    expect(await client.ask({ type: 'auth', token })).toMatchObject({ code: 'invalid' });
  });

  it('answers a bad token with unauthorized and stays', async () => {
    const client = await rig.enter('anna');
    expect(await client.ask({ type: 'auth', token: 'bad' })).toMatchObject({
      type: 'error',
      code: 'unauthorized',
      message: 'the signature is wrong',
    });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
  });

  it('answers forbidden to a token that allows nothing here, and stays', async () => {
    const client = await rig.enter('anna');
    expect(await renew(client, { scopes: ['read'] })).toMatchObject({ code: 'forbidden' });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    expect(rig.membership.members).toHaveLength(1);
  });

  it('answers unavailable when it cannot be verified', async () => {
    const client = await rig.enter('anna');
    rig.auth.error = new Error('boom');
    expect(await client.ask({ type: 'auth', token: 'x' })).toMatchObject({ code: 'unavailable' });
    expect(client.over).toBe(false);
  });

  it('does nothing for somebody who left meanwhile', async () => {
    const client = await rig.enter('anna');
    const verified = gate();
    rig.auth.wait = verified.promise;
    client.send({ type: 'auth', token: rig.auth.issue(principal('anna')) });
    await until(() => rig.auth.asked === 2);
    rig.membership.members[0]?.evict('logout');
    expect(await client.end()).toBe(1000);
    verified.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(rig.membership.renewals).toEqual([]);
  });

  it('comes before whatever was sent after it', async () => {
    const client = await rig.enter('anna');
    const verified = gate();
    rig.auth.wait = verified.promise;
    client.send({ type: 'watch', groups: ['g'], ref: 'too soon' });
    for (const group of ['g', 'h']) {
      const token = rig.auth.issue(principal('anna', { groups: [group] }));
      client.send({ type: 'auth', token, ref: group });
      client.send({ type: 'watch', groups: ['g'], ref: `as ${group}` });
    }
    verified.resolve();
    const answers = (): string[] =>
      client.received.flatMap(({ frame }) =>
        'ref' in frame && frame.ref !== undefined ? [`${frame.ref}: ${frame.type}`] : [],
      );
    await until(() => answers().length === 5);
    expect(answers()).toEqual([
      'too soon: error',
      'g: welcome',
      'as g: presence',
      'h: welcome',
      'as h: error',
    ]);
  });
});

describe('what may be seen after a renewal', () => {
  let rig: Rig;
  afterEach(() => rig.stop());

  it('follows from the new token at once', async () => {
    rig = await Rig.start({ settings: { watchPolicy: 'groups' } });
    const client = await rig.enter(principal('anna', { scopes: ['connect', 'watch:tenant'], groups: ['g'] }));
    await client.ask({ type: 'watch', users: ['bob'] });
    await client.ask({ type: 'auth', token: rig.auth.issue(principal('anna', { groups: ['h'] })) });
    expect(rig.fanout.watchers[0]?.viewers).toEqual([
      { self: 'anna', users: true, everyone: true, groups: ['g'], sharedOnly: true },
      { self: 'anna', users: true, everyone: false, groups: ['h'], sharedOnly: true },
    ]);
  });

  it('keeps the groups when the new token says nothing of them', async () => {
    rig = await Rig.start();
    rig.membership.self = Promise.resolve({
      view: { ...view('anna'), groups: ['g'] },
      invisible: false,
    });
    const client = await rig.enter(principal('anna', { groups: ['g'] }));
    await client.ask({ type: 'watch', groups: ['g'] });
    await client.ask({ type: 'auth', token: rig.auth.issue(principal('anna')) });
    expect(rig.fanout.watchers[0]?.viewers.at(-1)).toMatchObject({ groups: ['g'] });
  });

  it('is less after a newer token of the same user, wherever that was used', async () => {
    rig = await Rig.start();
    const client = await rig.enter(principal('anna', { groups: ['g', 'h'] }));
    await client.ask({ type: 'watch', groups: ['g'] });
    // What others see is no word on it: of somebody hidden that is what was true before.
    for (const member of rig.membership.members)
      member.itself({ view: { ...view('anna'), groups: ['g'] }, invisible: false });
    for (const member of rig.membership.members) member.regrouped({ groups: ['h'], stamp: 4_000_000_000 });
    expect(rig.fanout.watchers[0]?.viewers.at(-1)).toMatchObject({ groups: ['h'] });
    expect(await client.ask({ type: 'watch', groups: ['g'] })).toMatchObject({ code: 'forbidden' });
  });
});

describe('losing and gaining connect', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await Rig.start();
  });
  afterEach(() => rig.stop());
  const ref = { tenant: 'acme', user: 'anna' };

  it('says goodbye, and may come back', async () => {
    const client = await rig.enter('anna');
    await client.ask({ type: 'auth', token: rig.auth.issue(principal('anna', { scopes: ['watch'] })) });
    expect(rig.membership.left).toMatchObject([{ how: 'goodbye' }]);
    expect(rig.observers.of(ref)).toHaveLength(1);

    await client.ask({ type: 'auth', token: rig.auth.issue(principal('anna')) });
    expect(rig.membership.members).toHaveLength(1);
    expect(rig.observers.of(ref)).toHaveLength(0);
    client.close();
    await until(() => rig.membership.left.length === 2);
    expect(rig.membership.left[1]?.how).toBe('lost');
  });
});

describe('a token for every tenant', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await Rig.start();
  });
  afterEach(() => rig.stop());

  it('renews for the tenant named when the socket was opened', async () => {
    const who = service('board');
    const client = await rig.enter(who, { path: '/v1/ws?tenant=acme' });
    expect(client.first('welcome')?.tenant).toBe('acme');
    expect(await client.ask({ type: 'auth', token: rig.auth.issue(who) })).toMatchObject({
      type: 'welcome',
      tenant: 'acme',
    });
  });
});

describe('the end of the token', () => {
  let rig: Rig;
  afterEach(() => rig.stop());

  it('closes 4401 unless it was renewed', async () => {
    rig = await Rig.start({ settings: { pingIntervalMs: 200 } });
    const exp = Math.floor(Date.now() / 1000) + 60;
    const renewed = await rig.enter(principal('anna', { exp }));
    const left = await rig.enter(principal('bob', { exp }));
    await renewed.ask({ type: 'auth', token: rig.auth.issue(principal('anna')) });
    const end = exp * 1000 + CLOCK_SKEW_MS;
    rig.ahead.wall += end - Date.now() - 1000;
    expect(await left.end()).toBe(4401);
    expect(left.closed?.reason).toBe('the token ran out');
    expect(Date.now() + rig.ahead.wall).toBeGreaterThanOrEqual(end);
    expect(await renewed.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    await until(() => rig.membership.left.length === 1);
    expect(rig.membership.left[0]?.how).toBe('lost');
  });

  it('is not looked for only after the next ping', async () => {
    rig = await Rig.start();
    const exp = Math.floor(Date.now() / 1000) + 2 - CLOCK_SKEW_MS / 1000;
    const client = await rig.enter(principal('anna', { exp }));
    expect(await client.end()).toBe(4401);
    const late = Date.now() - exp * 1000 - CLOCK_SKEW_MS;
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(1000);
  });

  it('may come earlier after a renewal', async () => {
    rig = await Rig.start();
    const client = await rig.enter('anna');
    const exp = Math.floor(Date.now() / 1000) + 2 - CLOCK_SKEW_MS / 1000;
    await client.ask({ type: 'auth', token: rig.auth.issue(principal('anna', { exp })) });
    expect(await client.end()).toBe(4401);
  });
});
