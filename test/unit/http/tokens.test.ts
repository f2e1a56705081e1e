import { describe, expect, it } from 'vitest';
import { IssueError } from '../../../src/auth/issuer.ts';
import { problem, rigs } from './rig.ts';

const start = rigs();

describe('POST /v1/tokens', () => {
  it('issues a token of the own tenant', async () => {
    const { call } = await start();
    const response = await call('POST', '/v1/tokens', {
      token: 'minter',
      body: { user: 'zoe', groups: ['g'], name: 'Zoe', scope: 'connect watch:tenant', ttlSeconds: 60 },
    });
    expect(response.statusCode).toBe(201);
    expect(response.json().expiresAt).toBe('2026-11-21T12:01:00.000Z');
    expect(JSON.parse(response.json().token)).toEqual({
      user: 'zoe',
      tenant: 'acme',
      groups: ['g'],
      name: 'Zoe',
      scope: 'connect watch:tenant',
      ttlSeconds: 60,
    });
  });

  it('for an hour when nothing else is said', async () => {
    const { call } = await start();
    const response = await call('POST', '/v1/tokens', { token: 'minter', body: { user: 'zoe' } });
    expect(JSON.parse(response.json().token)).toEqual({ user: 'zoe', tenant: 'acme', ttlSeconds: 3600 });
  });

  it.each([
    {},
    { user: 7 },
    { user: 'zoe', scope: 'connect read' },
    { user: 'zoe', scope: 'admin' },
    { user: 'zoe', scope: 'mint' },
    { user: 'zoe', scope: 'nonsense' },
    { user: 'zoe', ttlSeconds: 0 },
    { user: 'zoe', ttlSeconds: 2_592_001 },
    { user: 'zoe', ttlSeconds: 1.5 },
    { user: 'zoe', groups: Array.from({ length: 65 }, (_, n) => `g${n}`) },
    { user: 'zoe', tenant: 'beta' },
  ])('refuses %j', async (body) => {
    const { call } = await start();
    expect(problem(await call('POST', '/v1/tokens', { token: 'minter', body }))).toMatchObject({
      status: 400,
      code: 'invalid',
    });
  });

  it('refuses what this service would not accept', async () => {
    const { call } = await start({
      issuer: { issue: async () => Promise.reject(new IssueError('invalid', 'The subject is no user id.')) },
    });
    expect(problem(await call('POST', '/v1/tokens', { token: 'minter', body: { user: 'zoe' } }))).toEqual({
      status: 400,
      code: 'invalid',
      detail: 'The subject is no user id.',
    });
  });

  it('is not there without a key to issue with', async () => {
    const { call } = await start({
      issuer: { issue: async () => Promise.reject(new IssueError('no_key', 'Issuing needs a key.')) },
    });
    expect(
      problem(await call('POST', '/v1/tokens', { token: 'minter', body: { user: 'zoe' } })),
    ).toMatchObject({
      status: 404,
      code: 'not_found',
    });
  });

  it('needs the scope mint, and for every tenant names one', async () => {
    const { call } = await start();
    const body = { user: 'zoe' };
    for (const token of ['user', 'writer', 'admin', 'nobody']) {
      expect(problem(await call('POST', '/v1/tokens', { token, body }))).toMatchObject({ status: 403 });
    }
    expect(problem(await call('POST', '/v1/tokens', { token: 'everywhereMinter', body }))).toMatchObject({
      status: 400,
    });
    const response = await call('POST', '/v1/tokens?tenant=beta', { token: 'everywhereMinter', body });
    expect(JSON.parse(response.json().token)).toMatchObject({ tenant: 'beta' });
  });
});
