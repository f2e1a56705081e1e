import type { Options, Scenario } from 'k6/options';
import { FANOUT_P95_MS, SECONDS, VUS, WELCOME_P95_MS } from './settings.ts';
import { TREND_STATS } from './summary.ts';

/** What no scenario may show. */
const ALWAYS = {
  rollcall_false_offlines: ['count==0'],
  rollcall_unexpected_closes: ['count==0'],
  rollcall_error_frames: ['count==0'],
  rollcall_missed_changes: ['count==0'],
};

export const FANOUT = {
  rollcall_fanout_latency: [`p(95)<${FANOUT_P95_MS}`],
  rollcall_seen_changes: ['count>0'],
};
export const WELCOME = { rollcall_connect_to_welcome: [`p(95)<${WELCOME_P95_MS}`] };

/** What a scenario may take over its time to connect, leave and end, s. */
const EDGES_S = 60;

/** Each virtual user lives through the scenario once. */
export const once = (exec = 'default', vus = VUS): Scenario => ({
  executor: 'per-vu-iterations',
  vus,
  iterations: 1,
  maxDuration: `${SECONDS + EDGES_S}s`,
  gracefulStop: '10s',
  exec,
});

export const optionsOf = (
  scenarios: Record<string, Scenario>,
  thresholds: Options['thresholds'],
): Options => ({
  scenarios,
  thresholds: { ...ALWAYS, ...thresholds },
  summaryTrendStats: TREND_STATS,
});
