import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The files as an operator gets them. */
export const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));

export interface Rule {
  /** Exactly one of the two. */
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

/** Rules and dashboards live in the chart, which cannot read outside its folder. */
export const CHART_FILES = fileURLToPath(new URL('../../helm/rollcall/files/', import.meta.url));

const read = (path: string): string => readFileSync(path, 'utf8');

const namesIn = (folder: string, ending: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`);

export const rules = (): readonly Rule[] =>
  namesIn(`${CHART_FILES}rules`, '.yml').flatMap((path) =>
    (parse(read(path)) as RuleFile).groups.flatMap((group) => group.rules),
  );

export interface RuleTest {
  readonly name: string;
  readonly promql_expr_test: readonly { readonly expr: string; readonly exp_samples: readonly unknown[] }[];
}

export const RULE_TESTS = namesIn(`${DEPLOY}prometheus/tests`, '.test.yml');

export const ruleTests = (): readonly RuleTest[] =>
  RULE_TESTS.flatMap((path) => (parse(read(path)) as { readonly tests: readonly RuleTest[] }).tests);

interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface DashboardJson {
  readonly uid: string;
  readonly panels: readonly PanelJson[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

export const dashboards = (): readonly DashboardJson[] =>
  namesIn(`${CHART_FILES}dashboards`, '.json').map((path) => JSON.parse(read(path)) as DashboardJson);

/** Every query of every panel, with its legend, as Grafana sends it when everything is chosen. */
export const panelQueries = (): readonly {
  readonly where: string;
  readonly expr: string;
  readonly legend: string;
}[] =>
  dashboards().flatMap(({ uid, panels }) =>
    panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr, legendFormat }) => ({
        where: `${uid}: ${title}`,
        expr: expr
          .replaceAll('$namespace', '.*')
          .replaceAll('$pod', '.*')
          .replaceAll('$__rate_interval', '30s'),
        legend: legendFormat,
      })),
    ),
  );

/** The metrics of ours that an expression names. */
export const metricNames = (expr: string): string[] => [...new Set(expr.match(/\brollcall[_:][a-z0-9_:]+/g))];
