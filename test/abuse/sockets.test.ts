import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { Arena } from './support/arena.ts';

const upgrade = (token?: string): string =>
  'GET /v1/ws HTTP/1.1\nHost: rollcall\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n' +
  `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\n${token === undefined ? '' : `Authorization: Bearer ${token}\n`}\n`;

/** Upgrades a second and address: low, so that a slow machine is faster. */
const UPGRADE_RATE = 10;

describe('sockets', () => {
  const arena = new Arena({ env: { MAX_UNAUTHENTICATED: '60', UPGRADE_RATE: String(UPGRADE_RATE) } });
  const tokens = (name: string, count: number): Promise<string[]> =>
    Promise.all(Array.from({ length: count }, (_, n) => arena.cluster.token({ sub: `${name}-${n}` })));

  /** Each costs what a connection costs, and nobody can be held responsible for it. */
  it('without a token are few, from however many addresses they come', async () => {
    const assault = await arena.attack('requests', {
      requests: [upgrade()],
      perSecond: 400,
      atMost: 400,
      addresses: 40,
    });
    await until(async () => ((await assault.tally())['status 101'] ?? 0) >= 40, { what: 'upgrades' });
    await sleep(500);
    expect(await arena.cluster.node().metric('rollcall_unauthenticated_connections')).toBeLessThanOrEqual(60);
  });

  it('that are opened over and over are refused after the rate of their address', async () => {
    const [token] = await tokens('again', 1);
    const begun = performance.now();
    const { tally } = await arena.measured(
      'requests',
      { requests: [upgrade(token)], perSecond: 500, afterwards: 'close' },
      (seen) => (seen['status 429'] ?? 0) >= 20,
    );
    const seconds = (performance.now() - begun) / 1000;
    expect(tally['status 101']).toBeLessThanOrEqual(UPGRADE_RATE * (seconds + 1));
  });

  it.each([
    ['pings', ['{"type":"ping"}'], 'close 4429'],
    ['mistakes', ['{', '[1,2,3]', '{"type":"watch","users":[7]}'], 'close 4400'],
  ])('that send %s as fast as they can are closed, and cost no other client', async (_, frames, how) => {
    const { tally } = await arena.measured(
      'frames',
      { tokens: await tokens('flood', 30), frames, perSecond: 150, persistent: true },
      (seen) => (seen[how] ?? 0) >= 30,
    );
    expect(tally[how]).toBeGreaterThanOrEqual(30);
  });
});
