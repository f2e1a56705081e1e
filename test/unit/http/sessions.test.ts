import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../src/store/port/store-error.ts';
import { problem, rigs } from './rig.ts';

const start = rigs();
const URL = '/v1/presence/me/sessions/phone-1';
const ALICE = { tenant: 'acme', user: 'alice' };

describe('PUT /v1/presence/me/sessions/{id}', () => {
  it('keeps the session, with what the token says of the person', async () => {
    const { store, call } = await start();
    const response = await call('PUT', URL, {
      token: 'member',
      body: { ttlSeconds: 120, activity: 'idle', device: 'mobile' },
    });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      id: 'phone-1',
      ttlSeconds: 120,
      device: 'mobile',
      presence: { user: 'alice', status: 'online' },
    });
    expect(store.calls).toEqual([
      {
        name: 'keepSession',
        args: [
          ALICE,
          'phone-1',
          { ttlMs: 120_000, activity: 'idle', device: 'mobile' },
          { iat: 77, name: 'Alice', groups: ['g'] },
        ],
      },
      { name: 'places.ofSession', args: [ALICE, 'phone-1'] },
    ]);
  });

  it('says nothing of activity that was not said', async () => {
    const { store, call } = await start();
    await call('PUT', URL, { token: 'user', body: { ttlSeconds: 10 } });
    expect(store.calls[0]?.args[2]).toEqual({ ttlMs: 10_000, device: 'web' });
    expect(store.calls[0]?.args[3]).toEqual({ iat: 0 });
  });

  it.each([
    {},
    { ttlSeconds: 9 },
    { ttlSeconds: 3601 },
    { ttlSeconds: 10.5 },
    { ttlSeconds: '60' },
    { ttlSeconds: 60, activity: 'asleep' },
    { ttlSeconds: 60, device: 'fridge' },
    { ttlSeconds: 60, status: 'busy' },
  ])('refuses %j', async (body) => {
    const { store, call } = await start();
    expect(problem(await call('PUT', URL, { token: 'user', body }))).toMatchObject({
      status: 400,
      code: 'invalid',
    });
    expect(store.calls).toEqual([]);
  });

  it('refuses an id that is none', async () => {
    const { store, call } = await start();
    for (const id of ['%00', 'x'.repeat(129)]) {
      const url = `/v1/presence/me/sessions/${id}`;
      expect(problem(await call('PUT', url, { token: 'user', body: { ttlSeconds: 60 } }))).toMatchObject({
        status: 400,
      });
      expect(problem(await call('DELETE', url, { token: 'user' }))).toMatchObject({ status: 400 });
    }
    expect(store.calls).toEqual([]);
  });

  it('says that there are too many, and that the token was revoked', async () => {
    const { store, call } = await start();
    const body = { ttlSeconds: 60 };
    store.failure = new StoreError('too_many_sessions', 'a seventeenth');
    expect(problem(await call('PUT', URL, { token: 'user', body }))).toMatchObject({
      status: 409,
      code: 'too_many_sessions',
    });
    store.failure = new StoreError('revoked', 'revoked');
    expect(problem(await call('PUT', URL, { token: 'user', body }))).toMatchObject({
      status: 401,
      code: 'unauthorized',
    });
  });
});

it('DELETE /v1/presence/me/sessions/{id} is a goodbye', async () => {
  const { store, call } = await start();
  expect((await call('DELETE', URL, { token: 'user' })).statusCode).toBe(204);
  expect(store.calls).toEqual([{ name: 'endSession', args: [ALICE, 'phone-1'] }]);
});

it('PUT /v1/presence/me/last-seen tells that one was active', async () => {
  const { store, call } = await start();
  const response = await call('PUT', '/v1/presence/me/last-seen', { token: 'member' });
  expect(response.statusCode).toBe(200);
  expect(response.json()).toMatchObject({ user: 'alice' });
  expect(store.calls).toEqual([{ name: 'touch', args: [ALICE, { iat: 77, name: 'Alice', groups: ['g'] }] }]);
});

it('needs the scope connect', async () => {
  const { store, call } = await start();
  for (const token of ['reader', 'writer', 'admin', 'nobody']) {
    expect(problem(await call('PUT', URL, { token, body: { ttlSeconds: 60 } }))).toMatchObject({
      status: 403,
    });
    expect(problem(await call('DELETE', URL, { token }))).toMatchObject({ status: 403 });
    expect(problem(await call('PUT', '/v1/presence/me/last-seen', { token }))).toMatchObject({ status: 403 });
  }
  expect(store.calls).toEqual([]);
});
