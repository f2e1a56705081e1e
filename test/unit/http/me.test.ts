import { describe, expect, it } from 'vitest';
import { memoryFeed } from '../../support/memory-feed.ts';
import { NOW, problem, rigs, unknownView, view } from './rig.ts';

const start = rigs();
const ALICE = { tenant: 'acme', user: 'alice' };

describe('GET /v1/presence/me', () => {
  it('says what others see', async () => {
    const { store, call } = await start();
    const response = await call('GET', '/v1/presence/me', { token: 'user' });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      user: 'alice',
      status: 'online',
      since: '2026-11-21T11:59:00.000Z',
      ver: NOW * 1000,
      devices: ['web'],
    });
    expect(response.headers['cache-control']).toBe('no-store');
    expect(store.calls).toEqual([{ name: 'readSelf', args: [ALICE] }]);
  });

  it('tells the truth to the one who is invisible', async () => {
    const { store, call } = await start();
    store.self = {
      view: { ...unknownView('alice'), ver: 7, since: NOW },
      invisible: true,
      claim: { status: 'invisible', text: 'Hush', emoji: '🤫', until: NOW + 1, stamp: NOW * 1000 },
    };
    const response = await call('GET', '/v1/presence/me', { token: 'user' });
    expect(response.json()).toEqual({
      user: 'alice',
      status: 'offline',
      since: '2026-11-21T12:00:00.000Z',
      ver: 7,
      invisible: true,
      claim: { status: 'invisible', text: 'Hush', emoji: '🤫', until: '2026-11-21T12:00:00.001Z' },
    });
  });

  it('shows no claim that was cleared', async () => {
    const { store, call } = await start();
    store.self = { view: view('alice'), invisible: false, claim: { status: null, stamp: NOW * 1000 } };
    const response = await call('GET', '/v1/presence/me', { token: 'user' });
    expect(response.json()).not.toHaveProperty('claim');
    expect(response.json()).not.toHaveProperty('invisible');
  });
});

describe('PUT /v1/presence/me/status', () => {
  // Ended by the transition, as it would be, it would tell who hides from who says goodbye.
  it('ends what the person types before it has them hidden, and for no other status', async () => {
    const feed = memoryFeed();
    const { store, call } = await start({ feed });
    const calls: object[] = [];
    feed.subscribe({ signal: (signal) => calls.push({ ...signal, stored: store.calls.length }) });
    for (const status of ['busy', 'invisible'])
      await call('PUT', '/v1/presence/me/status', { token: 'user', body: { status } });
    await call('DELETE', '/v1/presence/me/status', { token: 'user' });
    expect(calls).toEqual([{ type: 'silence', tenant: 'acme', from: 'alice', stored: 1 }]);
  });

  it('stores everything that was said and answers with the result', async () => {
    const { store, call } = await start();
    const response = await call('PUT', '/v1/presence/me/status', {
      token: 'user',
      body: { status: 'busy', text: 'Tea', emoji: '🫖', until: '2026-11-21T15:00:00+02:00' },
    });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      user: 'alice',
      status: 'busy',
      since: '2026-11-21T11:59:00.000Z',
      ver: NOW * 1000,
      devices: ['web'],
      claim: { status: 'busy', text: 'Tea', emoji: '🫖', until: '2026-11-21T13:00:00.000Z' },
    });
    expect(store.calls).toEqual([
      {
        name: 'claimOwn',
        args: [
          ALICE,
          { status: 'busy', text: 'Tea', emoji: '🫖', until: Date.parse('2026-11-21T13:00:00Z') },
        ],
      },
    ]);
  });

  it.each(['online', 'away', 'busy', 'invisible'])('takes %s', async (status) => {
    const { store, call } = await start();
    const response = await call('PUT', '/v1/presence/me/status', { token: 'user', body: { status } });
    expect(response.statusCode).toBe(200);
    expect(response.json().claim).toEqual({ status });
    expect(response.json().invisible).toBe(status === 'invisible' ? true : undefined);
    expect(store.calls[0]?.args).toEqual([ALICE, { status }]);
  });

  it('takes as many characters as are allowed', async () => {
    const { call } = await start();
    const response = await call('PUT', '/v1/presence/me/status', {
      token: 'user',
      body: { status: 'busy', text: '👩'.repeat(140) },
    });
    expect(response.json().claim.text).toBe('👩'.repeat(140));
  });

  it.each([
    ['nothing', undefined, 'body must be object'],
    ['no object', 'null', 'body must be object'],
    ['bad JSON', '{', 'The body is not valid JSON.'],
    ['no status', {}, 'body.status is required'],
    ['a null status', { status: null }, 'body.status must be string'],
    ['offline', { status: 'offline' }, 'body.status must be one of online, away, busy, invisible'],
    ['a number', { status: 1 }, 'body.status must be string'],
    [
      'a long text',
      { status: 'busy', text: 'x'.repeat(141) },
      'body.text must not have more than 140 characters',
    ],
    ['a text of another type', { status: 'busy', text: 1 }, 'body.text must be string'],
    [
      'a text with a line break',
      { status: 'busy', text: 'a\nb' },
      'body.text must not contain control characters',
    ],
    ['two emoji', { status: 'busy', emoji: '🍜🍜' }, 'body.emoji must be one emoji'],
    ['a word as emoji', { status: 'busy', emoji: 'tea' }, 'body.emoji must be one emoji'],
    [
      'an end in the past',
      { status: 'busy', until: '2026-11-21T11:59:59Z' },
      'body.until must be in the future',
    ],
    [
      'an end that is now',
      { status: 'busy', until: '2026-11-21T12:00:00Z' },
      'body.until must be in the future',
    ],
    [
      'a field that is not known',
      { status: 'busy', untill: '2027-01-01T00:00:00Z' },
      'body.untill is not known',
    ],
  ])('refuses %s', async (_, body, detail) => {
    const { store, call } = await start();
    const response = await call('PUT', '/v1/presence/me/status', { token: 'user', body });
    expect(problem(response)).toEqual({ status: 400, code: 'invalid', detail });
    expect(store.calls).toEqual([]);
  });

  it.each(['tomorrow', '2027-02-30T00:00:00Z', '2027-01-01', 1_900_000_000_000])(
    'refuses until %j',
    async (until) => {
      const { call } = await start();
      const response = await call('PUT', '/v1/presence/me/status', {
        token: 'user',
        body: { status: 'busy', until },
      });
      expect(problem(response)).toMatchObject({ status: 400, code: 'invalid' });
      expect(problem(response).detail).toMatch(/^body\.until /);
    },
  );

  it('refuses a body that is too large', async () => {
    const { call } = await start();
    const response = await call('PUT', '/v1/presence/me/status', {
      token: 'user',
      body: { text: 'x'.repeat(20_000) },
    });
    expect(problem(response)).toMatchObject({ status: 413, code: 'too_large' });
  });
});

describe('DELETE /v1/presence/me/status', () => {
  it('clears it', async () => {
    const { store, call } = await start();
    const response = await call('DELETE', '/v1/presence/me/status', { token: 'user' });
    expect(response.statusCode).toBe(204);
    expect(response.body).toBe('');
    expect(store.calls).toEqual([{ name: 'claimOwn', args: [ALICE, { status: null }] }]);
  });

  it('does not mind a content type without a body', async () => {
    const { call } = await start();
    const response = await call('DELETE', '/v1/presence/me/status', {
      token: 'user',
      headers: { 'content-type': 'application/json' },
    });
    expect(response.statusCode).toBe(204);
  });
});
