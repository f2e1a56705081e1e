import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { away, rigs } from './rig.ts';

const start = rigs();

it('counts by route, never by path', async () => {
  const metrics = createMetrics();
  const { call, store } = await start({ metrics });
  await call('GET', '/v1/presence/users/alice', { token: 'user' });
  await call('GET', '/v1/presence/users/bob', { token: 'user' });
  await call('GET', '/v1/secret-path', { token: 'user' });
  store.failure = away();
  await call('PUT', '/v1/presence/me/status', { token: 'user', body: { status: 'busy' } });
  const counts = (await metrics.httpSeconds.get()).values
    .filter(({ metricName }) => metricName?.endsWith('_count'))
    .map(({ labels, value }) => [labels.method, labels.route, labels.code, value]);
  expect(counts).toEqual([
    ['GET', '/v1/presence/users/:id', 200, 1],
    ['GET', '/v1/presence/users/:id', 403, 1],
    ['GET', 'unmatched', 404, 1],
    ['PUT', '/v1/presence/me/status', 503, 1],
  ]);
  expect(await metrics.register.metrics()).not.toMatch(/secret|alice|bob/);
});

it('logs each answer once, at debug, without tokens', async () => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level: 'trace' }, { write: (line) => void lines.push(JSON.parse(line)) });
  const { call } = await start({ logger });
  await call('GET', '/v1/presence/users/alice', { token: 'user' });
  await call('GET', '/v1/presence/users/alice?token=v4.public.secret', { token: 'user' });
  await call('GET', '/v1/presence/users/%zz?token=v4.public.secret', { token: 'user' });
  expect(lines.filter(({ msg }) => msg === 'request answered')).toEqual(
    [200, 400].map((code) =>
      expect.objectContaining({
        level: 20,
        method: 'GET',
        route: '/v1/presence/users/:id',
        code,
        ms: expect.any(Number),
      }),
    ),
  );
  // A path names people: logs go where presence must not.
  expect(JSON.stringify(lines)).not.toMatch(/secret|Bearer|alice/);
});

it('logs nothing of a request at info', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(line) });
  const { call } = await start({ logger });
  await call('GET', '/v1/presence/users/alice', { token: 'user' });
  await call('GET', '/nowhere', { token: 'user' });
  expect(lines).toEqual([]);
});
