import { describe, expect, it } from 'vitest';
import { hasRedisBinary } from '../support/redis-server.ts';
import { drawPlan } from './plan/draw-plan.ts';
import { keepPlan, reportOf } from './report.ts';
import { runChaos } from './run.ts';

/** A short run with every `npm test`; `npm run test:chaos` has long ones. */
const SECONDS = 20;
const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 1e9));

describe.skipIf(!hasRedisBinary)('whatever fails, clients and backends see what was promised', () => {
  it(`seed ${seed}`, async () => {
    const result = await runChaos(drawPlan({ seed, seconds: SECONDS, topology: 'standalone' }));
    const { violations, history } = result;
    expect(violations, `${reportOf(result)}\n${keepPlan(result.plan, [])}`).toEqual([]);
    // A run in which nothing happened shows nothing.
    expect(history.faults.length).toBeGreaterThan(1);
    expect(history.log.length).toBeGreaterThan(100);
    expect(history.reads.length).toBeGreaterThan(100);
  });
});
