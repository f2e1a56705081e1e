import type { Dashboard, Row } from './dashboard.ts';
import { of, ofCluster, quantile, rate, sum } from './promql.ts';

const UNASKED = 'reason=~"disconnect|node_lost|resync"';

const STATE: Row = {
  title: 'How far it is',
  panels: [
    {
      title: 'Versions',
      about: 'Two during a rollout, one before and after.',
      kind: 'stat',
      unit: 'short',
      steps: [[2, 'orange']],
      queries: [{ expr: `count(count by (version) (${of('rollcall_build_info')}))`, legend: 'versions' }],
    },
    {
      title: 'Nodes',
      about: 'Nodes that are scraped.',
      kind: 'stat',
      unit: 'short',
      queries: [{ expr: `count(${of('rollcall_build_info')})`, legend: 'nodes' }],
    },
    {
      title: 'Ready',
      about: 'Nodes that ask for traffic.',
      kind: 'stat',
      unit: 'short',
      below: 'red',
      steps: [
        [1, 'orange'],
        [2, 'green'],
      ],
      queries: [{ expr: sum(of('rollcall_ready')), legend: 'ready' }],
    },
    {
      title: 'Draining',
      about: 'Nodes on their way out. One at a time is best.',
      kind: 'stat',
      unit: 'short',
      steps: [[2, 'orange']],
      queries: [{ expr: sum(of('rollcall_draining')), legend: 'draining' }],
    },
    {
      title: 'Cut off, last 10 min',
      about: 'Users who went offline without a goodbye. A rollout adds nothing to what is usual.',
      kind: 'stat',
      unit: 'short',
      queries: [
        {
          expr: ofCluster(`increase(${of('rollcall_transitions_total', 'status="offline"', UNASKED)}[10m])`),
          legend: 'users',
        },
      ],
    },
    {
      title: 'Reaped, last 10 min',
      about:
        'Users of nodes that went without leaving. Good is 0: more means that the grace of the stop is too short.',
      kind: 'stat',
      unit: 'short',
      steps: [[1, 'red']],
      queries: [{ expr: `sum(increase(${of('rollcall_reaped_users_total')}[10m]))`, legend: 'users' }],
    },
    {
      title: 'Nodes by version',
      about: 'What has been replaced.',
      unit: 'short',
      stack: true,
      queries: [{ expr: `count by (version) (${of('rollcall_build_info')})`, legend: '{{version}}' }],
    },
    {
      title: 'Ready and draining',
      about: 'While one drains, the others are ready.',
      unit: 'short',
      queries: [
        { expr: sum(of('rollcall_ready')), legend: 'ready' },
        { expr: sum(of('rollcall_draining')), legend: 'draining' },
        { expr: `max(${of('rollcall_cluster_nodes')})`, legend: 'in the registry' },
      ],
    },
    {
      title: 'Up since',
      about: 'Young lines are those that were replaced.',
      unit: 's',
      queries: [{ expr: `time() - ${of('rollcall_process_start_time_seconds')}`, legend: '{{pod}}' }],
    },
  ],
};

const PEOPLE: Row = {
  title: 'What people notice: nothing',
  panels: [
    {
      title: 'Offline without a goodbye',
      about: 'By reason, in the whole cluster. Stays as it was before the rollout.',
      unit: 'ops',
      queries: [
        {
          expr: ofCluster(rate('rollcall_transitions_total', 'status="offline"', UNASKED), 'reason'),
          legend: '{{reason}}',
        },
      ],
    },
    {
      title: 'Online by connecting',
      about:
        'A bump after a drain: people who were offline and came back, because the grace was too short for them.',
      unit: 'ops',
      queries: [
        {
          expr: ofCluster(rate('rollcall_transitions_total', 'status="online"', 'reason="connect"')),
          legend: 'connect',
        },
      ],
    },
    {
      title: 'Users connected',
      about:
        'Dips no deeper than what one node holds, and only for as long as its clients take to come back.',
      unit: 'short',
      queries: [{ expr: sum(of('rollcall_users_connected')), legend: 'users' }],
    },
  ],
};

const MOVING: Row = {
  title: 'Connections on the move',
  panels: [
    {
      title: 'Connections by node',
      about: 'The draining node goes down over DRAIN_WINDOW_MS; the new one fills only with those who come.',
      unit: 'short',
      stack: true,
      queries: [{ expr: of('rollcall_connections'), legend: '{{pod}}' }],
    },
    {
      title: 'Closes by code',
      about: '1012 is the drain. Others in the same moment are not.',
      unit: 'ops',
      queries: [
        { expr: sum(rate('rollcall_closes_total', 'code="1012"')), legend: '1012 restarting' },
        { expr: sum(rate('rollcall_closes_total', 'code!="1012"'), 'code'), legend: '{{code}}' },
      ],
    },
    {
      title: 'Upgrades by result',
      about: 'The herd. overloaded or rate_limited: spread the drain over a longer DRAIN_WINDOW_MS.',
      unit: 'reqps',
      queries: [{ expr: sum(rate('rollcall_upgrades_total'), 'result'), legend: '{{result}}' }],
    },
  ],
};

const STRAIN: Row = {
  title: 'Whether the others bear it',
  panels: [
    {
      title: 'Oldest change not stored',
      about: 'A draining node is done when it is 0. Above the grace people may be shown offline wrongly.',
      unit: 's',
      steps: [
        [1, 'orange'],
        [5, 'red'],
      ],
      queries: [{ expr: of('rollcall_flush_lag_seconds'), legend: '{{pod}}' }],
    },
    {
      title: 'Lag of the event loop, p99',
      about: 'From 1 s on a node turns new connections away.',
      unit: 's',
      steps: [
        [0.25, 'orange'],
        [1, 'red'],
      ],
      queries: [{ expr: of('rollcall_nodejs_eventloop_lag_p99_seconds'), legend: '{{pod}}' }],
    },
    {
      title: 'Tokens verified',
      about: 'Each reconnect brings one.',
      unit: 'ops',
      queries: [{ expr: sum(rate('rollcall_authentications_total'), 'result'), legend: '{{result}}' }],
    },
    {
      title: 'Fan-out, p99',
      about: 'From the change in Redis to the first socket.',
      unit: 's',
      steps: [[0.5, 'red']],
      queries: [{ expr: quantile(0.99, 'rollcall_fanout_latency_seconds'), legend: 'p99' }],
    },
    {
      title: 'CPU',
      about: 'A node can use one core and a little more.',
      unit: 'percentunit',
      steps: [[0.9, 'red']],
      queries: [{ expr: rate('rollcall_process_cpu_seconds_total'), legend: '{{pod}}' }],
    },
    {
      title: 'Fenced',
      about: 'In the last 5 minutes. A clean rollout has none.',
      unit: 'short',
      queries: [
        { expr: `sum(increase(${of('rollcall_reaped_users_total')}[5m]))`, legend: 'users reaped' },
        { expr: `sum(increase(${of('rollcall_fenced_total')}[5m]))`, legend: 'nodes fenced' },
      ],
    },
  ],
};

export const rollout: Dashboard = {
  uid: 'rollcall-rollout',
  title: 'Rollcall / Rollout',
  about: 'For the minutes in which nodes are replaced: whether anybody notices.',
  refresh: '5s',
  from: 'now-30m',
  rows: [STATE, PEOPLE, MOVING, STRAIN],
};
