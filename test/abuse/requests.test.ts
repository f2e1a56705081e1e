import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { Arena } from './support/arena.ts';

const MB = 2 ** 20;
const HOST = 'Host: rollcall\n';
const post = (path: string, token: string, length: number): string =>
  `POST ${path} HTTP/1.1\n${HOST}Authorization: Bearer ${token}\nContent-Type: application/json\nContent-Length: ${length}\n\n`;

describe('bodies', () => {
  const arena = new Arena({ forMs: 2000 });
  const readers = (count: number): Promise<string[]> =>
    Promise.all(
      Array.from({ length: count }, (_, n) => arena.cluster.token({ sub: `reader-${n}`, scope: 'read' })),
    );

  /** A batch of half a million things that are no user: whoever looks at each of them holds everybody up. */
  it('that are wrong all over are refused at the first mistake', async () => {
    const opening = '{"users":[';
    const items = '0,'.repeat(MB / 2 - 32);
    const body = `${opening}${items}0]}`;
    const { tally } = await arena.measured('requests', {
      requests: (await readers(4)).map((token) => post('/v1/presence/batch', token, body.length) + opening),
      bytes: items.length,
      filler: '0,',
      ending: '0]}',
      perSecond: 4,
      afterwards: 'close',
    });
    expect(tally['status 400']).toBeGreaterThan(0);
  });

  /** Each announces a megabyte and sends all of it but the end. */
  it('that never end are held within a bound', async () => {
    const tokens = await readers(10);
    const refused = (seen: Readonly<Record<string, number>>): number =>
      (seen['status 429'] ?? 0) + (seen['status 503'] ?? 0);
    const { tally, grewMb } = await arena.measured(
      'requests',
      {
        requests: tokens.map((token) => `${post('/v1/presence/batch', token, MB)}{"users":[`),
        bytes: MB - 100,
        perSecond: 150,
        atMost: 300,
        addresses: 30,
      },
      (seen) => refused(seen) > 150,
    );
    expect(refused(tally)).toBeGreaterThan(150);
    expect(grewMb).toBeLessThan(170);
  });
});

describe('connections', () => {
  const arena = new Arena({
    env: {
      HTTP_RATE: '50',
      MAX_HTTP_CONNECTIONS: '100',
      TRUST_PROXY: '127.0.0.0/8',
      LOG_LEVEL: 'info',
    },
  });

  it('that reset at once leave neither errors nor lines in the log', async () => {
    const node = arena.cluster.node();
    const lines = node.logs.length;
    const paths = [
      'GET /v1/presence/me',
      'GET /docs',
      'OPTIONS /v1/presence/me',
      'POST /v1/tokens',
      'GET /nothing',
    ];
    const upgrade =
      'GET /v1/ws HTTP/1.1\nHost: rollcall\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n' +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\n\n';
    const { tally } = await arena.measured('requests', {
      requests: [...paths.map((path) => `${path} HTTP/1.1\n${HOST}\n`), upgrade],
      perSecond: 400,
      atMost: 600,
      addresses: 20,
      afterwards: 'reset',
    });
    await until(async () => (await arena.connections()) < 50, { what: 'the resets to be noticed' });
    expect(tally.begun).toBeGreaterThan(400);
    expect(node.logs.slice(lines).filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
    expect(await node.metric('rollcall_http_request_seconds_count', 'code="500"')).toBe(0);
    expect(node.logs.length - lines).toBeLessThan(20);
  });

  it('that are idle give way to new ones', async () => {
    const assault = await arena.attack('requests', {
      requests: [`GET /nothing HTTP/1.1\n${HOST}\n`],
      perSecond: 300,
      atMost: 400,
      addresses: 40,
    });
    await until(async () => ((await assault.tally()).begun ?? 0) === 400, { what: 'all of them' });
    await until(async () => (await arena.connections()) <= 120, { what: 'idle connections to go' });
    expect((await assault.tally()).ended).toBeGreaterThan(250);
    expect((await arena.cluster.http('/v1/presence/me', { claims: { sub: 'guest' } })).status).toBe(200);
  });

  it.each([
    [
      'preflights',
      `OPTIONS /v1/presence/me HTTP/1.1\n${HOST}Origin: https://a.example\nAccess-Control-Request-Method: GET\n\n`,
    ],
    ['a WebSocket’s path without one', `GET /v1/ws HTTP/1.1\n${HOST}\n`],
    ['the documentation', `GET /docs/json HTTP/1.1\n${HOST}\n`],
    ['calls without a token', `GET /v1/presence/me HTTP/1.1\n${HOST}\n`],
  ])('that ask for %s are refused after the rate of their address', async (_, request) => {
    const { tally } = await arena.measured(
      'requests',
      { requests: [request], perSecond: 300, afterwards: 'close' },
      (seen) => (seen['status 429'] ?? 0) > 100,
    );
    expect(tally['status 429']).toBeGreaterThan(100);
  });

  /** Some proxies write the port of their client beside its address: that must not make each port somebody else. */
  it('whose proxy tells ports too are of one address', async () => {
    const requests = Array.from(
      { length: 200 },
      (_, n) => `GET /v1/presence/me HTTP/1.1\n${HOST}X-Forwarded-For: 203.0.113.7:${50_000 + n}\n\n`,
    );
    const { tally } = await arena.measured(
      'requests',
      { requests, perSecond: 300, addresses: 200, afterwards: 'close' },
      (seen) => (seen['status 429'] ?? 0) > 100,
    );
    expect(tally['status 429']).toBeGreaterThan(100);
  });
});
