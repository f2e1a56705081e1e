import { describe, expect, it } from 'vitest';
import { rigs, settings } from './rig.ts';

const start = rigs();
const APP = 'https://app.example';

describe('browsers elsewhere', () => {
  it.each([
    ['an answer', '/v1/presence/users/alice', 'user', 200],
    ['a refusal', '/v1/presence/users/bob', 'user', 403],
    ['a bad token', '/v1/presence/users/bob', 'forged', 401],
    ['a path that leads nowhere', '/v1/nowhere', 'user', 404],
  ])('may read %s', async (_, url, token, status) => {
    const { call } = await start();
    const response = await call('GET', url, { token, headers: { origin: APP } });
    expect(response.statusCode).toBe(status);
    expect(response.headers['access-control-allow-origin']).toBe('*');
    expect(response.headers['access-control-expose-headers']).toMatch(/retry-after/i);
    expect(response.headers['access-control-allow-credentials']).toBeUndefined();
  });

  const preflight = {
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'authorization,content-type',
  };

  it('may ask with a token before they have shown it', async () => {
    const { call, store } = await start({
      settings: settings({ allowedOrigins: [APP, 'https://b.example'] }),
    });
    const response = await call('OPTIONS', '/v1/presence/me/status', {
      headers: { origin: APP, ...preflight },
    });
    expect(response.statusCode).toBe(204);
    expect(response.headers['access-control-allow-origin']).toBe(APP);
    expect(response.headers['access-control-allow-methods']).toMatch(/\bPUT\b.*\bDELETE\b/);
    expect(String(response.headers['access-control-allow-headers']).toLowerCase()).toBe(
      'authorization, content-type, last-event-id',
    );
    expect(response.headers['vary']).toMatch(/origin/i);
    expect(store.calls).toEqual([]);
  });

  it('that ask for options without a reason get them', async () => {
    const { call } = await start();
    const response = await call('OPTIONS', '/v1/presence/me/status');
    expect(response.statusCode).toBe(204);
    expect(response.body).toBe('');
  });

  it.each(['https://evil.example', 'null', `${APP}.evil.example`])(
    'from %s may not, when it is not allowed',
    async (origin) => {
      const { call } = await start({ settings: settings({ allowedOrigins: [APP] }) });
      const before = await call('OPTIONS', '/v1/presence/me/status', { headers: { origin, ...preflight } });
      expect(before.headers['access-control-allow-origin']).toBeUndefined();
      const response = await call('GET', '/v1/presence/users/alice', { token: 'user', headers: { origin } });
      expect(response.headers['access-control-allow-origin']).toBeUndefined();
      expect(response.headers['vary']).toMatch(/origin/i);
    },
  );
});

it('tells browsers to do nothing with answers but read them', async () => {
  const { call } = await start();
  for (const url of ['/v1/presence/users/alice', '/nowhere']) {
    const { headers } = await call('GET', url, { token: 'user' });
    expect(headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['x-frame-options']).toBeDefined();
    expect(headers['strict-transport-security']).toBeUndefined();
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers['server']).toBeUndefined();
  }
});
