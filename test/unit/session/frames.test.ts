import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../../src/store/port/store-error.ts';
import { until } from '../../support/until.ts';
import { gate, principal } from './fakes.ts';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.start({ settings: { redisCommandTimeoutMs: 200 } });
});
afterEach(() => rig.stop());

describe('watch', () => {
  it('is answered by the fan-out with the ref', async () => {
    const client = await rig.enter('anna');
    expect(await client.ask({ type: 'watch', users: ['bob', 'carol'] })).toMatchObject({
      type: 'presence',
      snapshot: true,
      users: [{ user: 'bob' }, { user: 'carol' }],
    });
    expect(rig.fanout.watchers).toHaveLength(1);
    expect(rig.fanout.watchers[0]?.tenant).toBe('acme');
  });

  it('makes a watcher only when somebody watches', async () => {
    const client = await rig.enter('anna');
    await client.ask({ type: 'ping' });
    expect(rig.fanout.watchers).toEqual([]);
    expect(await client.ask({ type: 'unwatch', users: ['bob'] })).toMatchObject({ type: 'ack' });
    expect(rig.fanout.watchers).toEqual([]);
  });

  it.each([
    ['users without a scope to watch', ['connect'], { users: ['bob'] }],
    ['the tenant with the scope for users', ['connect', 'watch'], { tenant: true }],
    ['the tenant along with users', ['connect', 'watch'], { users: ['bob'], tenant: true }],
  ] as const)('is forbidden for %s', async (_what, scopes, what) => {
    const client = await rig.enter(principal('anna', { scopes: [...scopes] }));
    expect(await client.ask({ type: 'watch', ...what })).toMatchObject({ type: 'error', code: 'forbidden' });
    expect(rig.fanout.watchers).toEqual([]);
  });

  it('of users is allowed to whom the tenant is', async () => {
    const client = await rig.enter(principal('anna', { scopes: ['watch:tenant'] }));
    expect(await client.ask({ type: 'watch', users: ['bob'] })).toMatchObject({ type: 'presence' });
  });

  it.each(['too_many_watches', 'unavailable'] as const)('passes on %s', async (code) => {
    rig.fanout.failWith(code);
    const client = await rig.enter('anna');
    expect(await client.ask({ type: 'watch', users: ['bob'] })).toMatchObject({ type: 'error', code });
  });

  it('is unavailable, and logged, when something breaks', async () => {
    rig.fanout.error = new Error('secret detail');
    const client = await rig.enter('anna');
    const answer = await client.ask({ type: 'watch', users: ['bob'] });
    expect(answer).toMatchObject({ type: 'error', code: 'unavailable' });
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(rig.logged).toHaveLength(1);
  });

  it('ends with the connection', async () => {
    const client = await rig.enter('anna');
    await client.watch({ users: ['bob'] });
    client.terminate();
    await until(() => rig.fanout.watchers[0]?.isClosed);
  });

  it('that is answered after the end harms nobody', async () => {
    const client = await rig.enter('anna');
    const read = gate();
    rig.fanout.wait = read.promise;
    client.send({ type: 'watch', users: ['bob'] });
    await client.bye();
    read.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(rig.logged).toEqual([]);
  });
});

describe('unwatch', () => {
  it('is acknowledged, with the ref and without', async () => {
    const client = await rig.enter(principal('anna', { scopes: ['connect', 'watch:tenant'] }));
    await client.ask({ type: 'watch', users: ['bob', 'carol'], tenant: true });
    expect(await client.ask({ type: 'unwatch', users: ['bob'] })).toMatchObject({ type: 'ack' });
    client.send({ type: 'unwatch', tenant: true });
    await client.until(() => client.of('ack').length === 2);
    expect(client.of('ack')[1]).toEqual({ type: 'ack' });
    expect(rig.fanout.watchers[0]?.watching).toEqual({
      users: new Set(['carol']),
      groups: new Set(),
      tenant: false,
    });
  });
});

describe('ping', () => {
  it('is answered, and is no activity', async () => {
    const client = await rig.enter('anna');
    client.send({ type: 'ping' });
    await client.until(() => client.first('pong'));
    expect(client.first('pong')).toEqual({ type: 'pong' });
    expect(rig.membership.touches).toEqual([]);
  });
});

describe('bye', () => {
  it('is a goodbye, before the socket is closed', async () => {
    const client = await rig.enter('anna');
    expect(await client.bye()).toBe(1000);
    expect(rig.membership.left).toMatchObject([{ how: 'goodbye' }]);
    expect(await rig.value('rollcall_closes_total', { code: '1000' })).toBe(1);
  });

  it('ends what was sent behind it', async () => {
    const client = await rig.enter('anna');
    client.send({ type: 'bye' });
    client.send({ type: 'ping' });
    client.send({ type: 'status', status: 'busy' });
    await client.end();
    expect(client.of('pong')).toEqual([]);
    expect(rig.membership.claims).toEqual([]);
  });
});

describe('a close without a goodbye', () => {
  it.each([
    ['properly', (client: { close(): void }) => client.close()],
    ['by pulling the cable', (client: { terminate(): void }) => client.terminate()],
  ])('%s starts the grace', async (_how, end) => {
    const client = await rig.enter('anna');
    end(client);
    await until(() => rig.membership.left.length === 1);
    expect(rig.membership.left[0]?.how).toBe('lost');
    expect(await rig.value('rollcall_session_duration_seconds', {})).toBeGreaterThanOrEqual(0);
  });

  it('does not let clients make up labels of metrics', async () => {
    const client = await rig.enter('anna');
    client.socket.close(3456, 'mine');
    await until(() => rig.membership.left.length === 1);
    expect(await rig.value('rollcall_closes_total', { code: '3456' })).toBe(0);
    expect(await rig.value('rollcall_closes_total', { code: 'other' })).toBe(1);
  });
});

describe('status', () => {
  it('is acknowledged once it is stored', async () => {
    const stored = gate();
    rig.membership.claimResult = stored.promise;
    const client = await rig.enter('anna');
    const answer = client.ask({ type: 'status', status: 'busy', text: 'Lunch', emoji: '🍜' });
    await until(() => rig.membership.claims.length === 1);
    expect(client.of('ack')).toEqual([]);
    stored.resolve();
    expect(await answer).toMatchObject({ type: 'ack' });
    expect(rig.membership.claims[0]).toMatchObject({
      ref: { tenant: 'acme', user: 'anna' },
      claim: { status: 'busy', text: 'Lunch', emoji: '🍜' },
    });
  });

  it('is cleared with null', async () => {
    const client = await rig.enter('anna');
    expect(await client.ask({ type: 'status', status: null })).toMatchObject({ type: 'ack' });
    expect(rig.membership.claims[0]?.claim).toEqual({ status: null });
  });

  it('carries its end', async () => {
    const client = await rig.enter('anna');
    const until = new Date(Date.now() + 60_000).toISOString();
    await client.ask({ type: 'status', status: 'away', until });
    expect(rig.membership.claims[0]?.claim.until).toBe(Date.parse(until));
  });

  it('with an end in the past is invalid', async () => {
    const client = await rig.enter('anna');
    const until = new Date(Date.now() - 1000).toISOString();
    expect(await client.ask({ type: 'status', status: 'away', until })).toMatchObject({ code: 'invalid' });
    expect(rig.membership.claims).toEqual([]);
  });

  it('is unavailable when the store says so', async () => {
    const stored = gate();
    rig.membership.claimResult = stored.promise;
    const client = await rig.enter('anna');
    const answer = client.ask({ type: 'status', status: 'busy' });
    await until(() => rig.membership.claims.length === 1);
    stored.reject(new StoreError('unavailable', 'away'));
    expect(await answer).toMatchObject({ type: 'error', code: 'unavailable' });
    expect(rig.logged).toEqual([]);
  });

  it('is unavailable when it is not stored in time, and nothing comes after', async () => {
    const stored = gate();
    rig.membership.claimResult = stored.promise;
    const client = await rig.enter('anna');
    const asked = performance.now();
    expect(await client.ask({ type: 'status', status: 'busy' })).toMatchObject({ code: 'unavailable' });
    expect(performance.now() - asked).toBeGreaterThanOrEqual(190);
    stored.resolve();
    await client.ask({ type: 'ping' });
    expect(client.of('ack')).toEqual([]);
  });

  it('holds up nothing else', async () => {
    rig.membership.claimResult = gate().promise;
    const client = await rig.enter('anna');
    client.send({ type: 'status', status: 'busy', ref: 's' });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    expect(client.of('error')).toEqual([]);
  });
});

it.each([
  { type: 'activity', state: 'active' },
  { type: 'status', status: 'busy' },
] as const)('a mistake of ours in $type costs nobody their connection', async (frame) => {
  const client = await rig.enter('anna');
  rig.membership.touched = () => {
    throw new Error('a bug');
  };
  expect(await client.ask(frame)).toMatchObject({ type: 'error', code: 'unavailable' });
  expect(rig.logged).toHaveLength(1);
  expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
});

it('counts frames by type', async () => {
  const client = await rig.enter('anna');
  await client.ask({ type: 'ping' });
  await client.ask({ type: 'ping' });
  client.sendRaw('{"type":"made up"}');
  await client.until(() => client.first('error'));
  expect(await rig.value('rollcall_frames_received_total', { type: 'ping' })).toBe(2);
  expect(await rig.value('rollcall_frames_received_total', { type: 'made up' })).toBe(0);
  expect(await rig.value('rollcall_frame_errors_total', { code: 'unknown_type' })).toBe(1);
});
