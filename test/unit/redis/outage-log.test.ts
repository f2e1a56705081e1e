import { createServer, type Server } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseRedisUrl } from '../../../src/config/redis-url.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { RedisLink } from '../../../src/redis/link.ts';
import { OutageLog } from '../../../src/redis/outage-log.ts';
import { until } from '../../support/until.ts';

describe('while Redis does not answer', () => {
  const warnings: string[] = [];
  const outageAt = (url: string): OutageLog =>
    new OutageLog({ address: parseRedisUrl(url), log: { warn: (message) => void warnings.push(message) } });
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:6379'), { code: 'ECONNREFUSED' });

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    warnings.length = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('says so at once and every ten seconds, until it answers', () => {
    const outage = outageAt('redis://ann:secret@redis.internal:6379');
    outage.failed(refused);
    outage.failed(refused);
    const line = 'redis at redis.internal:6379 does not answer (ECONNREFUSED)';
    expect(warnings).toEqual([line]);
    vi.advanceTimersByTime(20_000);
    expect(warnings).toEqual([line, line, line]);
    outage.ended();
    vi.advanceTimersByTime(60_000);
    expect(warnings).toHaveLength(3);
  });

  it('says the newest cause, and keeps the code of the system when later errors have none', () => {
    const outage = outageAt('redis://127.0.0.1:6379');
    outage.failed(refused);
    outage.failed(new Error('Connection is closed.'));
    vi.advanceTimersByTime(10_000);
    outage.failed(Object.assign(new Error('connect'), { code: 'ETIMEDOUT' }));
    vi.advanceTimersByTime(10_000);
    expect(warnings.map((line) => /\((.*)\)/.exec(line)?.[1])).toEqual([
      'ECONNREFUSED',
      'ECONNREFUSED',
      'ETIMEDOUT',
    ]);
  });
});

describe('a link to an address where no Redis is', () => {
  let squatter: Server;
  let link: RedisLink | undefined;
  afterEach(async () => {
    await link?.stop();
    squatter?.close();
  });

  /** A port of this machine on which nothing listens. */
  const closedPort = async (): Promise<number> => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    await new Promise((resolve) => server.close(resolve));
    return typeof address === 'object' && address !== null ? address.port : 0;
  };

  const linkTo = (url: string): { lines: string[] } => {
    const lines: string[] = [];
    const logger = pino(
      { level: 'warn' },
      { write: (line: string) => void lines.push(JSON.parse(line).msg) },
    );
    link = new RedisLink(
      {
        address: parseRedisUrl(url),
        name: 'test',
        commandTimeoutMs: 500,
        metrics: createMetrics(),
        logger,
        random: Math.random,
      },
      { name: 'library', source: '', called: (name) => name },
    );
    return { lines };
  };

  it.each([
    ['redis://:secret@ADDRESS', 'redis at ADDRESS does not answer (ECONNREFUSED)'],
    ['redis+cluster://:secret@ADDRESS', 'redis at ADDRESS does not answer (ECONNREFUSED)'],
    [
      'redis+sentinel://:secret@ADDRESS/mymaster',
      'redis at ADDRESS (Sentinels of mymaster) does not answer (ECONNREFUSED)',
    ],
  ])('%s names the address and the cause, never the password', async (url, said) => {
    const address = `127.0.0.1:${await closedPort()}`;
    const { lines } = linkTo(url.replace('ADDRESS', address));
    await link?.start();
    await until(() => lines.length > 0, { what: 'a warning' });
    expect(lines).toEqual([said.replace('ADDRESS', address)]);
  });

  it('a server that accepts the connection and is silent is one, too', async () => {
    squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const address = squatter.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { lines } = linkTo(`redis://127.0.0.1:${port}`);
    await link?.start();
    await until(() => lines.length > 0, { what: 'a warning', timeoutMs: 8_000 });
    expect(lines[0]).toMatch(new RegExp(`^redis at 127\\.0\\.0\\.1:${port} does not answer \\(.+\\)$`));
  });
});
