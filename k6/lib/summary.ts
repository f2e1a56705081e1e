import { SUMMARY } from './settings.ts';

interface Metric {
  readonly type: string;
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

export interface SummaryData {
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly state: { readonly testRunDurationMs: number };
}

const COLUMNS = ['med', 'p(95)', 'p(99)', 'max'];

/** What is asked of trends; k6 computes nothing else. */
export const TREND_STATS = ['count', ...COLUMNS];

const SHOWN = /^rollcall_|^http_req_(duration|failed)$|^ws_sessions$|^dropped_iterations$/;

const figure = (value: number | undefined): string =>
  value === undefined ? '' : String(Number(value.toFixed(value < 10 ? 2 : 0)));

const rowOf = (name: string, { type, values }: Metric): string[] => {
  const amount = type === 'rate' ? `${figure((values['rate'] ?? 0) * 100)} %` : figure(values['count']);
  return [name.replace('rollcall_', ''), amount, ...COLUMNS.map((column) => figure(values[column]))];
};

const table = (rows: readonly string[][]): string => {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))),
    )
    .map((cells) => `  ${cells.join('   ')}`.trimEnd())
    .join('\n');
};

/** `handleSummary` of a scenario: what counts as a table, everything as JSON. */
export const summaryOf =
  (scenario: string) =>
  (data: SummaryData): Record<string, string> => {
    const shown = Object.entries(data.metrics)
      .filter(([name]) => SHOWN.test(name))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const judged = Object.entries(data.metrics).flatMap(([name, { thresholds = {} }]) =>
      Object.entries(thresholds).map(([rule, { ok }]) => ({ rule: `${name}: ${rule}`, ok })),
    );
    const seconds = Math.round(data.state.testRunDurationMs / 1000);
    const text = [
      '',
      `${scenario}, ${seconds} s (times in ms)`,
      '',
      table([['', 'count', ...COLUMNS], ...shown.map(([name, metric]) => rowOf(name, metric))]),
      '',
      ...judged.map(({ rule, ok }) => `  ${ok ? 'ok  ' : 'FAIL'} ${rule}`),
      '',
    ].join('\n');
    const json = {
      scenario,
      seconds,
      ok: judged.every(({ ok }) => ok),
      thresholds: judged,
      metrics: data.metrics,
    };
    return {
      stdout: text,
      ...(SUMMARY !== undefined && { [SUMMARY]: `${JSON.stringify(json, undefined, 2)}\n` }),
    };
  };
