import { describe, expect, it } from 'vitest';
import { NOW, problem, rigs, settings, view } from './rig.ts';

const start = rigs();
const BOB = { tenant: 'acme', user: 'bob' };

describe.each([
  ['logout', 'writer', ['user', 'reader', 'admin', 'nobody']],
  ['disconnect', 'admin', ['user', 'reader', 'writer', 'nobody']],
  ['revoke', 'admin', ['user', 'reader', 'writer', 'nobody']],
])('POST /v1/users/{id}/%s', (how, token, others) => {
  it('is done and says no more', async () => {
    const { store, call } = await start();
    const response = await call('POST', `/v1/users/bob/${how}`, { token });
    expect(response.statusCode).toBe(204);
    expect(response.body).toBe('');
    const call1 = how === 'revoke' ? { name: 'revoke', args: [BOB] } : { name: 'end', args: [BOB, how] };
    expect(store.calls).toEqual([call1]);
  });

  it('is forbidden to others', async () => {
    const { store, call } = await start();
    for (const other of others) {
      expect(problem(await call('POST', `/v1/users/bob/${how}`, { token: other }))).toMatchObject({
        status: 403,
      });
    }
    expect(store.calls).toEqual([]);
  });
});

it('everybody may log themselves out, whatever their token allows, and nothing more', async () => {
  const { store, call } = await start();
  expect((await call('POST', '/v1/users/alice/logout', { token: 'nobody' })).statusCode).toBe(204);
  expect(problem(await call('POST', '/v1/users/alice/revoke', { token: 'user' }))).toMatchObject({
    status: 403,
  });
  expect(store.calls).toEqual([{ name: 'end', args: [{ tenant: 'acme', user: 'alice' }, 'logout'] }]);
});

it('POST /v1/users/{id}/disconnect takes one kind of device, and no other word', async () => {
  const { store, call } = await start();
  const disconnect = (body: object) => call('POST', '/v1/users/bob/disconnect', { token: 'admin', body });
  expect((await disconnect({ device: 'mobile' })).statusCode).toBe(204);
  for (const body of [{ device: 'fridge' }, { device: null }, { devise: 'mobile' }])
    expect(problem(await disconnect(body))).toMatchObject({ status: 400, code: 'invalid' });
  expect(store.calls).toEqual([{ name: 'disconnect', args: [BOB, 'mobile'] }]);
});

it('DELETE /v1/presence/users/{id} forgets', async () => {
  const { store, call } = await start();
  expect((await call('DELETE', '/v1/presence/users/bob', { token: 'admin' })).statusCode).toBe(204);
  expect(problem(await call('DELETE', '/v1/presence/users/alice', { token: 'user' }))).toMatchObject({
    status: 403,
  });
  expect(store.calls).toEqual([{ name: 'forget', args: [BOB] }]);
});

describe('GET /v1/presence/users/{id}/explain', () => {
  it.each([
    ['off', undefined],
    ['hour', '2026-11-21T11:00:00.000Z'],
  ] as const)('tells of activity what LAST_SEEN=%s allows', async (lastSeen, told) => {
    const { store, call } = await start({ settings: settings({ lastSeen }) });
    const at = { activeAt: NOW - 1, idle: false, devices: ['web'] } as const;
    store.explanation = {
      view: view('bob', { status: 'online' }),
      invisible: false,
      nodes: [{ node: 'n1.0', connections: 1, openedAt: NOW, active: ['web'], ...at }],
      sessions: [{ id: 'phone', expiresAt: NOW + 5000, ...at }],
      claims: [],
      lastActive: NOW - 1,
      groups: [],
      transitions: [],
    };
    const answer = (await call('GET', '/v1/presence/users/bob/explain', { token: 'admin' })).json();
    expect(answer.connections[0].newestOpening).toBe('2026-11-21T12:00:00.000Z');
    for (const part of [answer, answer.connections[0], answer.sessions[0]])
      expect(part.lastActive).toBe(told);
  });

  it('tells everything that makes the status', async () => {
    const { store, call } = await start();
    store.explanation = {
      view: view('bob', { status: 'busy', text: 'Call', groups: ['g'] }),
      invisible: false,
      nodes: [
        {
          node: 'n1.0',
          connections: 2,
          openedAt: NOW,
          activeAt: NOW - 1,
          idle: false,
          devices: ['web', 'mobile'],
          active: ['web'],
        },
        { node: 'n2.3', connections: 1, openedAt: NOW, idle: true, devices: ['web'], active: [] },
      ],
      sessions: [{ id: 'phone', expiresAt: NOW + 5000, activeAt: NOW, idle: false, devices: ['api'] }],
      own: { status: 'away', text: 'Lunch', stamp: (NOW - 2) * 1000 },
      claims: [
        {
          source: 'call',
          status: 'busy',
          priority: 120,
          text: 'Call',
          until: NOW + 60_000,
          stamp: NOW * 1000,
        },
      ],
      counts: 'call',
      grace: { since: NOW - 1000, endsAt: NOW + 4000, nodeLost: true },
      nextDeadline: NOW + 4000,
      lastActive: NOW - 1,
      revokedAt: NOW - 10_000,
      groups: ['g'],
      transitions: [
        {
          ...view('bob', { status: 'busy', text: 'Call' }),
          tenant: 'acme',
          previous: 'online',
          reason: 'claim',
        },
      ],
    };
    store.places.held = ['doc:7'];
    const response = await call('GET', '/v1/presence/users/bob/explain', { token: 'admin' });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      presence: expect.objectContaining({ user: 'bob', status: 'busy', text: 'Call' }),
      invisible: false,
      places: ['doc:7'],
      connections: [
        {
          node: 'n1.0',
          connections: 2,
          newestOpening: '2026-11-21T12:00:00.000Z',
          lastActive: '2026-11-21T11:59:59.999Z',
          idle: false,
          devices: ['web', 'mobile'],
          active: ['web'],
        },
        {
          node: 'n2.3',
          connections: 1,
          newestOpening: '2026-11-21T12:00:00.000Z',
          idle: true,
          devices: ['web'],
          active: [],
        },
      ],
      sessions: [
        {
          id: 'phone',
          expires: '2026-11-21T12:00:05.000Z',
          lastActive: '2026-11-21T12:00:00.000Z',
          idle: false,
          devices: ['api'],
        },
      ],
      claims: [
        { source: 'user', status: 'away', priority: 100, set: '2026-11-21T11:59:59.998Z', text: 'Lunch' },
        {
          source: 'call',
          status: 'busy',
          priority: 120,
          set: '2026-11-21T12:00:00.000Z',
          text: 'Call',
          until: '2026-11-21T12:01:00.000Z',
        },
      ],
      counts: 'call',
      grace: { since: '2026-11-21T11:59:59.000Z', ends: '2026-11-21T12:00:04.000Z', nodeLost: true },
      nextDeadline: '2026-11-21T12:00:04.000Z',
      lastActive: '2026-11-21T11:59:59.999Z',
      revoked: '2026-11-21T11:59:50.000Z',
      groups: ['g'],
      transitions: [
        expect.objectContaining({
          at: '2026-11-21T12:00:00.000Z',
          status: 'busy',
          previous: 'online',
          reason: 'claim',
        }),
      ],
    });
  });

  it('is for operators alone', async () => {
    const { store, call } = await start();
    for (const token of ['user', 'reader', 'writer', 'nobody']) {
      expect(problem(await call('GET', '/v1/presence/users/alice/explain', { token }))).toMatchObject({
        status: 403,
      });
    }
    expect(store.calls).toEqual([]);
  });
});
