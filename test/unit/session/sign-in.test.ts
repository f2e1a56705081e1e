import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Scope } from '../../../src/auth/principal.ts';
import { holds, until } from '../../support/until.ts';
import { gate, principal, view } from './fakes.ts';
import { Rig } from './rig.ts';

describe('signing in', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await Rig.start();
  });
  afterEach(() => rig.stop());

  it('is welcomed with everything the client has to know', async () => {
    rig.membership.self = Promise.resolve({ view: view('anna', 'away'), invisible: false });
    const exp = Math.floor(Date.now() / 1000) + 100;
    const before = Date.now();
    const client = await rig.enter(principal('anna', { tenant: 'acme', exp }));
    const { serverTime, ...welcome } = client.first('welcome') as { serverTime: string };
    expect(welcome).toEqual({
      type: 'welcome',
      user: 'anna',
      tenant: 'acme',
      expiresAt: new Date(exp * 1000).toISOString(),
      idleAfterMs: 300_000,
      pingIntervalMs: 25_000,
      pingTimeoutMs: 10_000,
      graceMs: 5000,
      limits: {
        frameBytes: 16_384,
        frameRate: 1000,
        frameBurst: 1000,
        watches: 5000,
        place: { rate: 5, burst: 10, dataBytes: 1024, places: 16 },
      },
      self: { status: 'away' },
    });
    expect(Date.parse(serverTime)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(serverTime)).toBeLessThanOrEqual(Date.now());
  });

  it('tells somebody invisible that they are', async () => {
    rig.membership.self = Promise.resolve({ view: view('anna', 'offline'), invisible: true });
    const client = await rig.enter('anna');
    expect(client.first('welcome')?.self).toEqual({ status: 'offline', invisible: true });
  });

  it('says nothing of oneself while that is unknown', async () => {
    const client = await rig.enter('anna');
    expect(client.first('welcome')).not.toHaveProperty('self');
  });

  it('welcomes only when the membership knows, and hears then what was said before', async () => {
    const join = gate<undefined>();
    rig.membership.self = join.promise;
    const client = rig.dial({ token: rig.auth.issue(principal('anna')) });
    await client.until(() => client.opened && rig.membership.members.length === 1);
    client.send({ type: 'watch', users: ['bob'], ref: 'w' });
    client.send({ type: 'ping', ref: 'p' });
    join.resolve(undefined);
    await client.until(() => client.first('pong'));
    await client.until(() => client.first('presence'));
    expect(client.frames[0]?.type).toBe('welcome');
  });

  it('joins with a reference that says who, and nothing else', async () => {
    await rig.enter(principal('anna', { name: 'Anna', groups: ['g'] }));
    expect(rig.membership.members.map(({ ref }) => ref)).toEqual([{ tenant: 'acme', user: 'anna' }]);
  });

  it('joins as the device the client named', async () => {
    await rig.enter('anna', { device: 'mobile' });
    await rig.enter('bob');
    expect(rig.membership.members.map(({ ref, device }) => [ref.user, device])).toEqual([
      ['anna', 'mobile'],
      ['bob', 'web'],
    ]);
  });

  it('says at once when what is seen may be stale', async () => {
    rig.health.degraded = true;
    const client = await rig.enter('anna');
    await client.until(() => client.first('degraded'));
    expect(client.frames.map(({ type }) => type)).toEqual(['welcome', 'degraded']);
    expect(client.first('degraded')).toEqual({ type: 'degraded', on: true });
  });

  it('counts who signed in and who has not', async () => {
    const client = await rig.enter('anna');
    const waiting = rig.dial();
    await until(async () => (await rig.value('rollcall_unauthenticated_connections')) === 1);
    expect(await rig.value('rollcall_connections')).toBe(1);
    waiting.close();
    client.close();
    await until(async () => (await rig.value('rollcall_unauthenticated_connections')) === 0);
    expect(await rig.value('rollcall_connections')).toBe(0);
    expect(rig.capacity.sockets).toBe(0);
  });
});

describe('with a token that is revoked while its socket opens', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await Rig.start();
    // Verified as good: what nobody could close yet is refused where it would be entered.
    rig.revoked.add('anna');
  });
  afterEach(() => rig.stop());

  it.each(['header', 'subprotocol', 'frame'] as const)(
    'in the %s closes 4403, and was never there, whether it would have been present or only watched',
    async (signIn) => {
      for (const scopes of [['connect', 'watch'], ['watch']] satisfies Scope[][]) {
        const who = principal('anna', { scopes });
        const client = rig.dial({ token: rig.auth.issue(who), signIn });
        expect(await client.end()).toBe(4403);
        expect(client.frames).toEqual([]);
      }
      expect(rig.membership.members).toEqual([]);
      expect(rig.observers.of({ tenant: 'acme', user: 'anna' })).toEqual([]);
      await until(() => rig.capacity.sockets === 0);
      expect(await rig.value('rollcall_connections')).toBe(0);
      expect(await rig.value('rollcall_unauthenticated_connections')).toBe(0);
      await rig.enter('bob');
    },
  );
});

describe('with the first frame', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await Rig.start({ settings: { authTimeoutMs: 300 } });
  });
  afterEach(() => rig.stop());

  it('welcomes with the ref of the frame', async () => {
    const client = rig.dial();
    await client.until(() => client.opened);
    const token = rig.auth.issue(principal('anna'));
    expect(await client.ask({ type: 'auth', token })).toMatchObject({ type: 'welcome', user: 'anna' });
  });

  it('hears what was sent right behind it, in order', async () => {
    const verified = gate();
    rig.auth.wait = verified.promise;
    const client = rig.dial();
    await client.until(() => client.opened);
    client.send({ type: 'auth', token: rig.auth.issue(principal('anna')) });
    client.send({ type: 'ping', ref: '1' });
    client.send({ type: 'ping', ref: '2' });
    verified.resolve();
    await client.until(() => client.of('pong').length === 2);
    expect(client.frames.map((frame) => ('ref' in frame ? frame.ref : frame.type))).toEqual([
      'welcome',
      '1',
      '2',
    ]);
  });

  it('is not read while its token is verified', async () => {
    await rig.stop();
    rig = await Rig.start({ settings: { frameRate: 5, frameBurst: 5 } });
    const verified = gate();
    rig.auth.wait = verified.promise;
    const client = rig.dial();
    await client.until(() => client.opened);
    client.send({ type: 'auth', token: rig.auth.issue(principal('anna')) });
    await until(() => rig.auth.asked === 1);
    for (let i = 0; i < 100; i += 1) client.send({ type: 'ping' });
    await holds(() => !client.over, 150);
    verified.resolve();
    expect(await client.end()).toBe(4429);
  });

  it('closes 4401 when the token is bad', async () => {
    const client = rig.dial({ token: 'bad', signIn: 'frame' });
    expect(await client.end()).toBe(4401);
    expect(client.closed?.reason).toBe('the signature is wrong');
    expect(rig.membership.members).toEqual([]);
  });

  it('closes 4403 when the token allows nothing here', async () => {
    const token = rig.auth.issue(principal('anna', { scopes: ['read'] }));
    expect(await rig.dial({ token, signIn: 'frame' }).end()).toBe(4403);
  });

  it('closes 1013 when the token cannot be verified', async () => {
    rig.auth.error = new Error('no more entropy');
    const client = rig.dial({ token: 'x', signIn: 'frame' });
    expect(await client.end()).toBe(1013);
    expect(JSON.stringify(rig.logged)).not.toContain('"x"');
    expect(rig.logged).toHaveLength(1);
  });

  it('closes 4408 when it does not come in time', async () => {
    const client = rig.dial();
    expect(await client.end()).toBe(4408);
  });

  it('takes a token in time whose verification takes longer', async () => {
    const verified = gate();
    rig.auth.wait = verified.promise;
    const client = rig.dial({ token: rig.auth.issue(principal('anna')), signIn: 'frame' });
    const other = rig.dial();
    expect(await other.end()).toBe(4408);
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.over).toBe(false);
    verified.resolve();
    await client.until(() => client.first('welcome'));
  });

  it.each([
    ['another frame', '{"type":"ping"}'],
    ['a watch', '{"type":"watch","tenant":true}'],
    ['an auth without token', '{"type":"auth"}'],
    ['no JSON', 'hello'],
    ['nothing', ''],
  ])('closes 4401 for %s', async (_what, text) => {
    const client = rig.dial();
    await client.until(() => client.opened);
    client.sendRaw(text);
    expect(await client.end()).toBe(4401);
    expect(client.frames).toEqual([]);
  });

  it('closes 4400 for a binary frame', async () => {
    const client = rig.dial();
    await client.until(() => client.opened);
    client.sendRaw(Buffer.from('{"type":"auth"}'));
    expect(await client.end()).toBe(4400);
  });
});

describe('a token without connect', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await Rig.start({
      settings: { maxConnectionsPerUser: 2, idleAwayMs: 20, pingIntervalMs: 50 },
    });
  });
  afterEach(() => rig.stop());

  it('watches without being present', async () => {
    const client = await rig.enter(principal('board', { scopes: ['watch:tenant'] }));
    expect(client.first('welcome')).toMatchObject({ user: 'board' });
    expect(await client.ask({ type: 'watch', tenant: true })).toMatchObject({ type: 'presence' });
    expect(rig.membership.members).toEqual([]);
    expect(rig.observers.of({ tenant: 'acme', user: 'board' })).toHaveLength(1);
    expect(await client.bye()).toBe(1000);
    expect(rig.membership.left).toEqual([]);
    expect(rig.observers.of({ tenant: 'acme', user: 'board' })).toHaveLength(0);
  });

  it('may not say anything of itself', async () => {
    const client = await rig.enter(principal('board', { scopes: ['watch'] }));
    for (const frame of [
      { type: 'status', status: 'busy' },
      { type: 'activity', state: 'active' },
      { type: 'activity', state: 'idle' },
    ] as const) {
      expect(await client.ask(frame)).toMatchObject({ type: 'error', code: 'forbidden' });
    }
    expect(rig.membership.claims).toEqual([]);
    expect(rig.membership.touches).toEqual([]);
  });

  it('has as many connections as others, the oldest going first', async () => {
    const who = principal('board', { scopes: ['watch'] });
    const [first, second, third] = [await rig.enter(who), await rig.enter(who), await rig.enter(who)];
    expect(await first?.end()).toBe(4409);
    expect(second?.over).toBe(false);
    expect(third?.over).toBe(false);
  });

  it('can be ended by an operator', async () => {
    const client = await rig.enter(principal('board', { scopes: ['watch'] }));
    for (const observer of rig.observers.of({ tenant: 'acme', user: 'board' })) observer.evict('disconnect');
    expect(await client.end()).toBe(4403);
  });
});
