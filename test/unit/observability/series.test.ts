import { expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/settings.ts';
import { recordLimits } from '../../../src/observability/limits.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { initSeries } from '../../../src/observability/series.ts';

it('shows what can be counted before it happens, so that the first time is an increase', async () => {
  const metrics = createMetrics();
  initSeries(metrics);
  const text = await metrics.register.metrics();
  for (const series of [
    'rollcall_upgrades_total{result="overloaded"} 0',
    'rollcall_closes_total{code="4429"} 0',
    'rollcall_transitions_total{status="offline",reason="node_lost"} 0',
    'rollcall_beats_total{result="fenced"} 0',
    'rollcall_users_online{status="busy"} 0',
  ])
    expect(text).toContain(`${series}\n`);
  expect(text).not.toContain('rollcall_users_online{status="offline"}');
});

it('tells the settings that alerts compare with, in base units', async () => {
  const metrics = createMetrics();
  recordLimits(
    metrics,
    loadSettings({
      REDIS_URL: 'memory:',
      PASETO_SYMMETRIC_KEY: 'ab'.repeat(32),
      MAX_CONNECTIONS: '7',
      HEARTBEAT_TTL_MS: '9000',
      OFFLINE_GRACE_MS: '2500',
    }),
  );
  const told = async (gauge: { get(): Promise<{ values: { value: number }[] }> }) =>
    (await gauge.get()).values[0]?.value;
  expect(await told(metrics.connectionsLimit)).toBe(7);
  expect(await told(metrics.heartbeatTtl)).toBe(9);
  expect(await told(metrics.offlineGrace)).toBe(2.5);
  // A limit of nobody would make every machine look empty.
  expect(await told(metrics.memoryLimit)).toBeLessThan(2 ** 50);
});
