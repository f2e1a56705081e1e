import type { Recovery } from './checker/recovery.ts';

/** A run in one line of a file of results. */
export interface RunResult {
  readonly seed: number;
  readonly seconds: number;
  readonly topology: string;
  readonly violations: number;
  readonly faults: readonly string[];
  readonly connections: number;
  readonly transitions: number;
  readonly told: number;
  readonly reads: number;
  readonly busyMs: number;
  readonly recoveries: readonly Recovery[];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? 0;
const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
const grouped = (count: number): string => count.toLocaleString('en');

/** What was run, and how long after each kind of fault the last watcher saw the last wrong status. */
export const figures = (runs: readonly RunResult[]): string => {
  const topologies = [...new Set(runs.map(({ topology }) => topology))];
  const what = topologies.map((topology) => {
    const of = runs.filter((run) => run.topology === topology);
    const seeds = of.map(({ seed }) => seed).sort((a, b) => a - b);
    return [
      topology,
      `${of.length} (seeds ${seeds.join(', ')})`,
      sum(of.map(({ seconds }) => seconds)),
      sum(of.map(({ faults }) => faults.length)),
      grouped(sum(of.map(({ connections }) => connections))),
      grouped(sum(of.map(({ told }) => told))),
      grouped(sum(of.map(({ reads }) => reads))),
      sum(of.map(({ violations }) => violations)),
    ];
  });
  const all = runs.flatMap(({ recoveries }) => recoveries);
  const kinds = [...new Set(runs.flatMap(({ faults }) => faults))].sort();
  const times = kinds.map((kind) => {
    const of = all.filter((recovery) => recovery.kind === kind);
    const happened = sum(runs.map(({ faults }) => faults.filter((fault) => fault === kind).length));
    const ms = of.map((recovery) => Math.round(recovery.ms));
    if (of[0] === undefined) return [kind, happened, 0, '', '', ''];
    const promised = of[0].promisedMs === 0 ? 'nothing is noticed' : `${grouped(of[0].promisedMs)} ms`;
    return [
      kind,
      happened,
      of.length,
      `${grouped(median(ms))} ms`,
      `${grouped(Math.max(...ms))} ms`,
      promised,
    ];
  });
  return [
    table(
      [
        'topology',
        'runs',
        'seconds of faults',
        'faults',
        'connections',
        'states shown',
        'reads',
        'violations',
      ],
      what,
    ),
    table(['fault', 'happened', 'alone', 'truth after: median', 'worst', 'promised'], times),
  ].join('\n\n');
};
