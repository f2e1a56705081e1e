import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import type { Benchmark, Sample } from './lib/result.ts';

const PEOPLE = 1_000;
const RATE = 50;
const ROOT = new URL('../', import.meta.url);
const SUMMARY = new URL('.rollcall/k6/rolling-restart.json', ROOT);
/** Of `scripts/k6.mjs`: there is no k6 and no Go to build it with. */
const NO_K6 = 3;

interface Summary {
  readonly metrics: Readonly<Record<string, { readonly values: Readonly<Record<string, number>> }>>;
}

const run = async (): Promise<Sample[]> => {
  rmSync(SUMMARY, { force: true });
  const k6 = spawn(process.execPath, ['scripts/k6.mjs', 'rolling-restart'], {
    cwd: ROOT,
    env: { ...process.env, PEOPLE: String(PEOPLE), RATE: String(RATE) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(k6, 'exit')) as [number | null];
  if (code === NO_K6) return [];
  // A threshold that broke is in the summary too: the figures say which.
  const { metrics } = JSON.parse(readFileSync(SUMMARY, 'utf8')) as Summary;
  const row = (name: string, unit: string, metric: string, value: string, max?: number): Sample => ({
    name,
    unit,
    value: metrics[metric]?.values[value] ?? Number.NaN,
    ...(max !== undefined && { target: { max } }),
  });
  return [
    row(
      'people shown offline, or with a transition, who never left',
      '',
      'rollcall_false_offlines',
      'count',
      0,
    ),
    row('changes that a watcher missed', '', 'rollcall_missed_changes', 'count', 0),
    row('closes with another code than 1012', '', 'rollcall_unexpected_closes', 'count', 0),
    row('connections closed with 1012', '', 'rollcall_restart_closes', 'count'),
    row('changes seen', '', 'rollcall_seen_changes', 'count'),
    row('a change to a watcher, p50', 'ms', 'rollcall_fanout_latency', 'med'),
    row('a change to a watcher, p95', 'ms', 'rollcall_fanout_latency', 'p(95)', 500),
    row('connect to `welcome`, p95', 'ms', 'rollcall_connect_to_welcome', 'p(95)', 3_000),
  ];
};

export const rollingRestart: Benchmark = {
  title: 'A rolling restart under load',
  about: `Three nodes with the default settings are restarted one after another (SIGTERM, back, ready) under ${PEOPLE.toLocaleString('en-US')} connections and ${RATE} changes a second: the k6 scenario of that name, with nodes, Redis and k6 on one machine ([load.md](load.md)).`,
  run,
};
