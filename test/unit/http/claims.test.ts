import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../src/store/port/store-error.ts';
import { problem, rigs } from './rig.ts';

const start = rigs();
const URL = '/v1/presence/users/bob/claims/calendar';
const BOB = { tenant: 'acme', user: 'bob' };

describe('PUT /v1/presence/users/{id}/claims/{source}', () => {
  it('stores everything that was said and answers with it', async () => {
    const { store, call } = await start();
    const response = await call('PUT', URL, {
      token: 'writer',
      body: {
        status: 'busy',
        priority: 80,
        text: 'Planning',
        emoji: '📅',
        until: '2026-11-21T15:00:00+02:00',
      },
    });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      source: 'calendar',
      status: 'busy',
      priority: 80,
      text: 'Planning',
      emoji: '📅',
      until: '2026-11-21T13:00:00.000Z',
    });
    expect(store.calls).toEqual([
      {
        name: 'claim',
        args: [
          BOB,
          'calendar',
          {
            status: 'busy',
            priority: 80,
            text: 'Planning',
            emoji: '📅',
            until: Date.parse('2026-11-21T13:00:00Z'),
          },
        ],
      },
    ]);
  });

  it('has priority 50 when none is said', async () => {
    const { store, call } = await start();
    const response = await call('PUT', URL, { token: 'writer', body: { status: 'away' } });
    expect(response.json()).toEqual({ source: 'calendar', status: 'away', priority: 50 });
    expect(store.calls[0]?.args[2]).toEqual({ status: 'away', priority: 50 });
  });

  it.each([
    [{}, 'body.status'],
    [{ status: 'invisible' }, 'body.status'],
    [{ status: 'offline' }, 'body.status'],
    [{ status: null }, 'body.status'],
    [{ status: 'busy', priority: -1 }, 'body.priority'],
    [{ status: 'busy', priority: 201 }, 'body.priority'],
    [{ status: 'busy', priority: 1.5 }, 'body.priority'],
    [{ status: 'busy', priority: '50' }, 'body.priority'],
    [{ status: 'busy', text: 'x'.repeat(141) }, 'body.text'],
    [{ status: 'busy', emoji: 'ab' }, 'body.emoji'],
    [{ status: 'busy', until: '2026-11-21T11:59:59Z' }, 'body.until'],
    [{ status: 'busy', until: 'soon' }, 'body.until'],
    [{ status: 'busy', titel: 'x' }, 'body'],
  ])('refuses %j', async (body, detail) => {
    const { store, call } = await start();
    const refused = problem(await call('PUT', URL, { token: 'writer', body }));
    expect(refused).toMatchObject({ status: 400, code: 'invalid' });
    expect(refused.detail).toContain(detail);
    expect(store.calls).toEqual([]);
  });

  it.each(['user', 'Calendar', 'a_b', 'x'.repeat(33)])('refuses the source %s', async (source) => {
    const { store, call } = await start();
    const url = `/v1/presence/users/bob/claims/${source}`;
    for (const method of ['PUT', 'DELETE']) {
      const body = method === 'PUT' ? { body: { status: 'busy' } } : {};
      expect(problem(await call(method, url, { token: 'writer', ...body }))).toMatchObject({ status: 400 });
    }
    expect(store.calls).toEqual([]);
  });

  it('says that there are too many', async () => {
    const { store, call } = await start();
    store.failure = new StoreError('too_many_claims', 'a ninth');
    expect(problem(await call('PUT', URL, { token: 'writer', body: { status: 'busy' } }))).toMatchObject({
      status: 409,
      code: 'too_many_claims',
    });
  });
});

it('DELETE clears it', async () => {
  const { store, call } = await start();
  const response = await call('DELETE', URL, { token: 'writer' });
  expect(response.statusCode).toBe(204);
  expect(response.body).toBe('');
  expect(store.calls).toEqual([{ name: 'claim', args: [BOB, 'calendar', null] }]);
});

it('needs the scope write, also for oneself', async () => {
  const { store, call } = await start();
  for (const token of ['user', 'reader', 'admin', 'nobody']) {
    const url = '/v1/presence/users/alice/claims/call';
    expect(problem(await call('PUT', url, { token, body: { status: 'busy' } }))).toMatchObject({
      status: 403,
    });
    expect(problem(await call('DELETE', url, { token }))).toMatchObject({ status: 403 });
  }
  expect(store.calls).toEqual([]);
});

it('of a service for every tenant names one', async () => {
  const { store, call } = await start();
  const body = { status: 'busy' };
  expect(problem(await call('PUT', URL, { token: 'everywhereMinter', body }))).toMatchObject({ status: 400 });
  await call('PUT', `${URL}?tenant=beta`, { token: 'everywhereMinter', body });
  expect(store.calls[0]?.args[0]).toEqual({ tenant: 'beta', user: 'bob' });
  expect(problem(await call('PUT', `${URL}?tenant=beta`, { token: 'writer', body }))).toMatchObject({
    status: 403,
  });
});
