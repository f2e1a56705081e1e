import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Client, type ClientOptions, type SignIn } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { createIssuer } from '../support/tokens.ts';

describe('signing in', () => {
  let cluster: Cluster;
  const audience = 'rollcall-test';
  const claims = { aud: audience };
  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: 1,
      env: {
        TOKEN_IN_QUERY: 'true',
        TOKEN_AUDIENCE: audience,
        AUTH_TIMEOUT_MS: '2000',
        MAX_UNAUTHENTICATED_PER_ADDRESS: '20',
      },
    });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const open = (options: ClientOptions): Client => cluster.track(new Client(cluster.node().wsUrl, options));
  const WAYS: SignIn[] = ['header', 'subprotocol', 'query', 'frame'];

  it.each(WAYS)('by %s', async (signIn) => {
    const before = Date.now();
    const client = await cluster.connect('ann', { signIn, claims, ttlSeconds: 600 });
    const welcome = client.first('welcome');
    expect(client.frames[0]?.type).toBe('welcome');
    expect(welcome).toMatchObject({
      user: 'ann',
      tenant: 'default',
      idleAfterMs: 300_000,
      pingIntervalMs: 25_000,
      pingTimeoutMs: 10_000,
      limits: { frameBytes: 16_384, frameRate: 20, frameBurst: 60, watches: 5000 },
      self: { status: 'online' },
    });
    expect(Math.abs(Date.parse(welcome?.expiresAt ?? '') - before - 600_000)).toBeLessThan(5_000);
    expect(Math.abs(Date.parse(welcome?.serverTime ?? '') - before)).toBeLessThan(5_000);
    expect(welcome).toHaveProperty('graceMs', expect.any(Number));
    expect(client.socket.protocol).toBe(signIn === 'subprotocol' ? 'rollcall.v1' : '');
  });

  it('also at /ws', async () => {
    const client = await cluster.connect('ann', { path: '/ws', claims });
    expect(client.first('welcome')?.user).toBe('ann');
  });

  const bad: [string, () => Promise<string>][] = [
    ['of another issuer', async () => (await createIssuer()).token({ sub: 'ann', ...claims })],
    ['that has ended', () => cluster.token({ sub: 'ann', ...claims }, { ttlSeconds: -60 })],
    ['for another audience', () => cluster.token({ sub: 'ann', aud: 'somebody-else' })],
    ['issued in the future', () => cluster.token({ sub: 'ann', ...claims }, { issuedInSeconds: 300 })],
    ['with too long a life', () => cluster.token({ sub: 'ann', ...claims }, { ttlSeconds: 3_000_000 })],
    ['without a user', () => cluster.token({ sub: '', ...claims })],
    ['with the user `..`', () => cluster.token({ sub: '..', ...claims })],
    ['with a bad tenant', () => cluster.token({ sub: 'ann', tenant: 'a b', ...claims })],
    ['of every tenant that would be present', () => cluster.token({ sub: 'ann', tenant: '*', ...claims })],
    ['that is no token', async () => 'v4.public.nonsense'],
    ['that is too long', async () => `v4.public.${'a'.repeat(5_000)}`],
  ];
  describe.each(bad)('a token %s', (_name, make) => {
    it('in the header is answered 401 before the upgrade', async () => {
      const client = open({ token: await make() });
      expect(await client.end()).toBe(401);
      expect(client.opened).toBe(false);
    });
    it.each(['subprotocol', 'query', 'frame'] as const)('by %s is closed with 4401', async (signIn) => {
      const client = open({ token: await make(), signIn });
      expect(await client.end()).toBe(4401);
      expect(client.of('welcome')).toEqual([]);
      expect(client.of('presence')).toEqual([]);
    });
  });

  it('a token without the scope is forbidden: 403 for a header, 4403 where a browser must see it', async () => {
    const token = await cluster.token({ sub: 'service', scope: 'read', ...claims });
    expect(await open({ token }).end()).toBe(403);
    for (const signIn of ['subprotocol', 'query'] as const) {
      expect(await open({ token, signIn }).end()).toBe(4403);
    }
  });

  it('without a token the first frame must come in time', async () => {
    const from = performance.now();
    const client = open({ signIn: 'none' });
    expect(await client.end()).toBe(4408);
    expect(performance.now() - from).toBeGreaterThan(1950);
  });

  it('before signing in nothing but auth may be sent', async () => {
    for (const frame of [
      { type: 'ping' },
      { type: 'watch', users: ['ann'] },
      { type: 'status', status: 'busy' },
      { type: 'bye' },
    ]) {
      const client = open({ signIn: 'none' });
      await client.until(() => client.opened);
      client.sendRaw(JSON.stringify(frame));
      expect(await client.end(), frame.type).toBe(4401);
      expect(client.of('presence')).toEqual([]);
    }
    const binary = open({ signIn: 'none' });
    await binary.until(() => binary.opened);
    binary.sendRaw(Buffer.from([1, 2, 3]));
    expect([4400, 4401]).toContain(await binary.end());
  });

  it('one address holds only so many sockets that have not signed in', async () => {
    const clients = Array.from({ length: 30 }, () => open({ signIn: 'none' }));
    const codes = await Promise.all(clients.map((client) => client.end()));
    // Twenty waited out their time; the rest were turned away at once.
    expect(codes.filter((code) => code === 4408)).toHaveLength(20);
    for (const code of codes.filter((code) => code !== 4408)) expect([1013, 503]).toContain(code);
  });

  it('no token reaches a log', async () => {
    const good = await cluster.token({ sub: 'ann', ...claims });
    const evil = await (await createIssuer()).token({ sub: 'ann', ...claims });
    for (const signIn of WAYS) {
      await cluster.connect('ann', { token: good, signIn });
      await open({ token: evil, signIn }).end();
    }
    await cluster.http(`/v1/presence/me?token=${good}`, { token: good });
    const log = cluster.node().logs.join('\n');
    for (const token of [good, evil]) expect(log).not.toContain(token.slice(20, 60));
  });
});

describe('a query token where it is not allowed', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 1, env: { AUTH_TIMEOUT_MS: '500' } });
  });
  afterAll(() => cluster?.stop());

  it('does not sign in', async () => {
    const token = await cluster.token('ann');
    const client = cluster.track(new Client(cluster.node().wsUrl, { token, signIn: 'query' }));
    expect([401, 4401, 4408]).toContain(await client.end());
    expect(client.of('welcome')).toEqual([]);
  });
});
