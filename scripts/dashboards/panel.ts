/** What the axis, and every value, of a panel is measured in: names of Grafana. */
export type Unit = 'short' | 's' | 'bytes' | 'percentunit' | 'reqps' | 'ops' | 'none';
export type Kind = 'timeseries' | 'stat' | 'heatmap';
type Color = 'green' | 'orange' | 'red';

export interface Query {
  readonly expr: string;
  /** `{{label}}` becomes the value of the label. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** What it shows that the title does not say, and what is good. */
  readonly about: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Default `timeseries`. */
  readonly kind?: Kind;
  /** Of 24 columns. Default 8, of a `stat` 4. */
  readonly width?: number;
  /** From which value on it is drawn in which colour; below the first it is green. */
  readonly steps?: readonly (readonly [from: number, color: Color])[];
  /** For a `stat` that is bad when it is low: the colour below the first step. Default green. */
  readonly below?: Color;
  /** Areas on top of each other, for parts of a whole. */
  readonly stack?: boolean;
  readonly max?: number;
}

const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

const thresholds = ({ steps = [], below = 'green' }: Panel) => ({
  mode: 'absolute',
  steps: [{ color: below, value: null }, ...steps.map(([value, color]) => ({ color, value }))],
});

const target = (panel: Panel) => (query: Query, index: number) => ({
  datasource: DATASOURCE,
  editorMode: 'code',
  expr: query.expr,
  legendFormat: query.legend,
  refId: String.fromCharCode(65 + index),
  ...(panel.kind === 'stat' ? { instant: true, range: false } : { range: true }),
  ...(panel.kind === 'heatmap' && { format: 'heatmap' }),
});

const drawing = (panel: Panel) => ({
  drawStyle: 'line',
  lineWidth: 1,
  fillOpacity: panel.stack === true ? 30 : 8,
  showPoints: 'never',
  spanNulls: false,
  stacking: { mode: panel.stack === true ? 'normal' : 'none', group: 'A' },
  thresholdsStyle: { mode: panel.steps === undefined ? 'off' : 'dashed' },
});

const timeseries = (panel: Panel) => ({
  fieldConfig: {
    defaults: {
      unit: panel.unit,
      min: 0,
      ...(panel.max !== undefined && { max: panel.max }),
      color: { mode: 'palette-classic' },
      thresholds: thresholds(panel),
      custom: drawing(panel),
    },
    overrides: [],
  },
  options: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
});

const stat = (panel: Panel) => ({
  fieldConfig: {
    defaults: {
      unit: panel.unit,
      color: { mode: 'thresholds' },
      thresholds: thresholds(panel),
      noValue: '–',
    },
    overrides: [],
  },
  options: {
    colorMode: 'value',
    graphMode: 'none',
    justifyMode: 'auto',
    textMode: 'auto',
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
  },
});

const heatmap = (panel: Panel) => ({
  fieldConfig: { defaults: { custom: { scaleDistribution: { type: 'linear' } } }, overrides: [] },
  options: {
    calculate: false,
    cellGap: 1,
    color: { mode: 'scheme', scheme: 'Oranges', steps: 64, exponent: 0.5, fill: 'dark-orange' },
    filterValues: { le: 1e-9 },
    rowsFrame: { layout: 'auto' },
    tooltip: { mode: 'single', yHistogram: false },
    yAxis: { unit: panel.unit, axisPlacement: 'left', reverse: false },
    cellValues: { unit: 'reqps' },
  },
});

const LOOKS = { timeseries, stat, heatmap };

export const widthOf = ({ kind, width }: Panel): number => width ?? (kind === 'stat' ? 4 : 8);
export const heightOf = ({ kind }: Panel): number => (kind === 'stat' ? 4 : 8);

/** As Grafana keeps it, without its place. */
export const panelJson = (panel: Panel) => ({
  type: panel.kind ?? 'timeseries',
  title: panel.title,
  description: panel.about,
  datasource: DATASOURCE,
  targets: panel.queries.map(target(panel)),
  ...LOOKS[panel.kind ?? 'timeseries'](panel),
});
