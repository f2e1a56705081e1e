import { heightOf, type Panel, panelJson, widthOf } from './panel.ts';

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  /** Part of its address in Grafana: never changes. */
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  readonly refresh: string;
  readonly from: string;
  readonly rows: readonly Row[];
}

const COLUMNS = 24;

/** Puts panels beside each other from left to right, and into a new line where one does not fit. */
const laidOut = (rows: readonly Row[]) => {
  const panels: object[] = [];
  let y = 0;
  const add = (panel: object, gridPos: object) => panels.push({ id: panels.length + 1, gridPos, ...panel });
  for (const { title, panels: members } of rows) {
    add({ type: 'row', title, collapsed: false, panels: [] }, { h: 1, w: COLUMNS, x: 0, y });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of members) {
      const [w, h] = [widthOf(panel), heightOf(panel)];
      if (x + w > COLUMNS) {
        x = 0;
        y += height;
        height = 0;
      }
      add(panelJson(panel), { h, w, x, y });
      x += w;
      height = Math.max(height, h);
    }
    y += height;
  }
  return panels;
};

const labelValues = (name: string, label: string, query: string) => ({
  type: 'query',
  name,
  label,
  datasource: { type: 'prometheus', uid: '$datasource' },
  definition: query,
  query: { query, refId: `variable-${name}` },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  // Also matches series without the label: dashboards work where nothing sets it.
  allValue: '.*',
  current: { selected: true, text: ['All'], value: ['$__all'] },
});

const VARIABLES = [
  {
    type: 'datasource',
    name: 'datasource',
    label: 'Data source',
    query: 'prometheus',
    refresh: 1,
    current: {},
    hide: 0,
  },
  labelValues('namespace', 'Namespace', 'label_values(rollcall_build_info, namespace)'),
  labelValues('pod', 'Pod', 'label_values(rollcall_build_info{namespace=~"$namespace"}, pod)'),
];

/** The file as Grafana imports it. */
export const dashboardFile = ({ uid, title, about, refresh, from, rows }: Dashboard): string => {
  const json = {
    uid,
    title,
    description: about,
    tags: ['rollcall'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh,
    time: { from, to: 'now' },
    timezone: '',
    templating: { list: VARIABLES },
    annotations: { list: [] },
    links: [
      {
        type: 'dashboards',
        title: 'Rollcall',
        tags: ['rollcall'],
        asDropdown: false,
        includeVars: true,
        keepTime: true,
      },
    ],
    panels: laidOut(rows),
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
};
