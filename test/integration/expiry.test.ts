import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import { bound, TIMINGS } from '../support/timings.ts';
import { holds } from '../support/until.ts';

const TTL_S = 3;
/** Expiry is to the second, and clocks may differ by five. */
const LATEST_MS = TTL_S * 1_000 + 5_000 + 1_500;

describe('identity is the token’s: expiry and renewal', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterAll(() => cluster?.stop());

  it('a token that ends closes the socket with 4401, unless it was renewed in place', async () => {
    const watcher = await cluster.connect('watcher', { node: 1 });
    await watcher.watch({ users: ['ends', 'renews'] });
    const from = performance.now();
    const ends = await cluster.connect('ends', { ttlSeconds: TTL_S });
    const renews = await cluster.connect('renews', { ttlSeconds: TTL_S });
    const fails = await cluster.connect('fails', { ttlSeconds: TTL_S });

    const fresh = await cluster.token({ sub: 'renews', name: 'Renée' }, { ttlSeconds: 600 });
    const welcome = await renews.ask({ type: 'auth', token: fresh });
    expect(welcome).toMatchObject({ type: 'welcome', user: 'renews' });
    if (welcome.type === 'welcome') {
      expect(Date.parse(welcome.expiresAt) - Date.now()).toBeGreaterThan(500_000);
    }
    // A failed renewal is said, and changes nothing: the socket stays until its old expiry.
    expect(await fails.ask({ type: 'auth', token: 'v4.public.nonsense' })).toMatchObject({
      type: 'error',
      code: 'unauthorized',
    });
    expect(fails.closed).toBeUndefined();

    expect(await ends.end(LATEST_MS)).toBe(4401);
    expect(performance.now() - from).toBeGreaterThan(TTL_S * 1_000 - 1_100);
    expect(await fails.end(LATEST_MS)).toBe(4401);
    // An expired connection leaves like any other that did not say goodbye.
    await watcher.sees('ends', 'offline', TIMINGS.offlineGraceMs + 2_000);
    await holds(
      () => renews.closed === undefined,
      LATEST_MS - (performance.now() - from),
      'the renewed socket',
    );
    expect(statuses(watcher, 'renews')).toEqual(['online']);
    expect((await cluster.http('/v1/presence/users/renews')).json).toMatchObject({
      status: 'online',
      name: 'Renée',
    });
  });

  it('a renewal is for the same user and tenant, and with a token that is not older', async () => {
    const client = await cluster.connect('ann');
    const others: [string, string][] = [
      ['another user', await cluster.token('bob')],
      ['another tenant', await cluster.token({ sub: 'ann', tenant: 'elsewhere' })],
      ['an older token', await cluster.token('ann', { issuedInSeconds: -120 })],
    ];
    for (const [what, token] of others) {
      expect(await client.ask({ type: 'auth', token }), what).toMatchObject({
        type: 'error',
        code: 'invalid',
      });
    }
    expect(client.closed).toBeUndefined();
    expect(await client.ask({ type: 'auth', token: await cluster.token('ann') })).toMatchObject({
      type: 'welcome',
      user: 'ann',
    });
    expect((await cluster.http('/v1/presence/users/bob')).json.status).toBe('offline');
  });

  it('what a renewed token no longer allows is taken away with gone', async () => {
    const client = await cluster.watcher('boss');
    await client.watch({ tenant: true });
    await client.watch({ users: ['carl'] });
    const less = await cluster.token({ sub: 'boss', scope: 'connect watch' });
    await client.ask({ type: 'auth', token: less });
    expect(await client.until(() => client.first('gone'))).toMatchObject({ tenant: true });
    // Not before the answer: who reads on for that would skip it.
    const types = client.frames.map(({ type }) => type);
    expect(types.indexOf('gone')).toBeGreaterThan(types.lastIndexOf('welcome'));
    const mark = client.mark;
    await cluster.connect('dan', { node: 1 });
    await cluster.connect('carl', { node: 1 });
    await client.sees('carl', 'online');
    await holds(() => client.history('dan', mark).length === 0, bound(), 'silence about the tenant');
    expect(await client.ask({ type: 'watch', tenant: true })).toMatchObject({
      type: 'error',
      code: 'forbidden',
    });
  });
});
