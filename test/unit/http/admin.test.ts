import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { buildAdminServer } from '../../../src/http/admin.ts';
import type { Health } from '../../../src/node/membership.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { health, problem, settings } from './rig.ts';

const running: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

const admin = (state: Partial<Health> = {}, metrics = createMetrics()): FastifyInstance => {
  const app = buildAdminServer({
    settings: settings(),
    metrics,
    health: health(state),
    logger: pino({ level: 'silent' }),
  });
  running.push(app);
  return app;
};

it.each([
  { ready: true, degraded: false },
  { ready: false, degraded: true },
])('is alive while the process turns, whatever the store does: %j', async (state) => {
  const response = await admin(state).inject('/livez');
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({ status: 'ok' });
});

it.each([
  [{ ready: true, degraded: false }, 200, { status: 'ready', degraded: false }],
  [{ ready: true, degraded: true }, 200, { status: 'ready', degraded: true }],
  [{ ready: false, degraded: true }, 503, { status: 'not ready', degraded: true }],
  [{ ready: false, degraded: false }, 503, { status: 'not ready', degraded: false }],
])('is ready when the node is: %j', async (state, status, body) => {
  const response = await admin(state).inject('/readyz');
  expect(response.statusCode).toBe(status);
  expect(response.json()).toEqual(body);
  expect(response.headers['cache-control']).toBe('no-store');
});

it('follows readiness as it changes', async () => {
  const state = { ...health(), ready: false };
  const app = buildAdminServer({
    settings: settings(),
    metrics: createMetrics(),
    health: state,
    logger: pino({ level: 'silent' }),
  });
  running.push(app);
  expect((await app.inject('/readyz')).statusCode).toBe(503);
  state.ready = true;
  expect((await app.inject('/readyz')).statusCode).toBe(200);
});

it('shows the metrics as Prometheus reads them', async () => {
  const metrics = createMetrics();
  metrics.connections.set(3);
  const response = await admin({}, metrics).inject('/metrics');
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toBe(metrics.register.contentType);
  expect(response.body).toMatch(/^rollcall_connections 3$/m);
});

it('takes the ages when it is scraped', async () => {
  const metrics = createMetrics();
  let age = 0;
  const app = buildAdminServer({
    settings: settings(),
    metrics,
    health: health(),
    logger: pino({ level: 'silent' }),
    onScrape: () => metrics.flushLag.set(++age),
  });
  running.push(app);
  for (const seconds of [1, 2])
    expect((await app.inject('/metrics')).body).toContain(`rollcall_flush_lag_seconds ${seconds}\n`);
});

it('keeps to itself why metrics cannot be made', async () => {
  const metrics = createMetrics();
  metrics.register.metrics = () => Promise.reject(new Error('secret of the house'));
  const response = await admin({}, metrics).inject('/metrics');
  expect(problem(response)).toEqual({ status: 500, code: 'internal' });
});

it.each(['/', '/metrics/x'])('has no %s', async (url) => {
  expect(problem(await admin().inject(url))).toMatchObject({ status: 404, code: 'not_found' });
});

it.each(['/v1/nodes', '/v1/ws?device=web', '/ws', '/docs', '/docs/json', '/v1/presence/me'])(
  'says that %s is on the other port',
  async (url) => {
    const response = await admin().inject(url);
    expect(problem(response)).toMatchObject({ status: 404, code: 'not_found' });
    expect(response.json().detail).toBe('This is ADMIN_PORT, for health and metrics. The API is on PORT.');
  },
);
