import type { Dashboard, Row } from './dashboard.ts';
import { of, ofCluster, quantile, quantiles, rate, sum } from './promql.ts';

const NOW: Row = {
  title: 'Now',
  panels: [
    {
      title: 'Nodes ready',
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
      title: 'Connections',
      about: 'Signed-in WebSocket connections.',
      kind: 'stat',
      unit: 'short',
      queries: [{ expr: sum(of('rollcall_connections')), legend: 'connections' }],
    },
    {
      title: 'Degraded nodes',
      about: 'Nodes that cannot trust what they show. Good is 0.',
      kind: 'stat',
      unit: 'short',
      steps: [[1, 'red']],
      queries: [{ expr: sum(of('rollcall_degraded')), legend: 'degraded' }],
    },
    {
      title: 'Fan-out, p99',
      about: 'From the change in Redis to the first socket.',
      kind: 'stat',
      unit: 's',
      steps: [
        [0.1, 'orange'],
        [0.5, 'red'],
      ],
      queries: [{ expr: quantile(0.99, 'rollcall_fanout_latency_seconds'), legend: 'p99' }],
    },
    {
      title: 'Longest wait to be stored',
      about:
        'Age of the oldest change that is not in Redis. From the grace on, people may be shown offline wrongly.',
      kind: 'stat',
      unit: 's',
      steps: [
        [1, 'orange'],
        [5, 'red'],
      ],
      queries: [{ expr: `max(${of('rollcall_flush_lag_seconds')})`, legend: 'oldest' }],
    },
    {
      title: 'Fullest node',
      about: 'Connections of MAX_CONNECTIONS.',
      kind: 'stat',
      unit: 'percentunit',
      steps: [
        [0.7, 'orange'],
        [0.85, 'red'],
      ],
      queries: [
        {
          expr: `max((${of('rollcall_connections')} + ${of('rollcall_event_streams')}) / ${of('rollcall_connections_limit')})`,
          legend: 'used',
        },
      ],
    },
  ],
};

const PEOPLE: Row = {
  title: 'Who is here',
  panels: [
    {
      title: 'Connections by node',
      about: 'A balancer that counts connections keeps these lines together.',
      unit: 'short',
      stack: true,
      queries: [{ expr: of('rollcall_connections'), legend: '{{pod}}' }],
    },
    {
      title: 'Users by status',
      about: 'Connected users as others see them. Who is connected to two nodes counts twice.',
      unit: 'short',
      stack: true,
      queries: [{ expr: sum(of('rollcall_users_online'), 'status'), legend: '{{status}}' }],
    },
    {
      title: 'Not signed in yet',
      about:
        'Connections whose first frame has to bring the token. Many of them for long are an attack or a broken client.',
      unit: 'short',
      queries: [{ expr: sum(of('rollcall_unauthenticated_connections')), legend: 'connections' }],
    },
    {
      title: 'Transitions by status',
      about: 'Changes of what others see, in the whole cluster.',
      unit: 'ops',
      queries: [{ expr: ofCluster(rate('rollcall_transitions_total'), 'status'), legend: '{{status}}' }],
    },
    {
      title: 'Transitions by reason',
      about: 'node_lost after a crash; resync after a loss of data; disconnect when a grace ended.',
      unit: 'ops',
      queries: [{ expr: ofCluster(rate('rollcall_transitions_total'), 'reason'), legend: '{{reason}}' }],
    },
    {
      title: 'Length of sessions',
      about: 'How long connections lasted that ended now. Many short ones: clients flap.',
      unit: 's',
      queries: quantiles('rollcall_session_duration_seconds'),
    },
  ],
};

const FANOUT: Row = {
  title: 'Telling others',
  panels: [
    {
      title: 'Fan-out latency',
      about: 'From the change in Redis to the first socket, changes a second by how long they took.',
      kind: 'heatmap',
      unit: 's',
      queries: [{ expr: sum(rate('rollcall_fanout_latency_seconds_bucket'), 'le'), legend: '{{le}}' }],
    },
    {
      title: 'Fan-out latency, quantiles',
      about: 'Good is below FANOUT_WINDOW_MS and some milliseconds.',
      unit: 's',
      steps: [[0.5, 'red']],
      queries: quantiles('rollcall_fanout_latency_seconds'),
    },
    {
      title: 'Frames and encodings',
      about: 'One encoding serves every watcher; a view that was replaced before it was sent is conflated.',
      unit: 'ops',
      queries: [
        { expr: sum(rate('rollcall_presence_frames_sent_total')), legend: 'frames sent' },
        { expr: sum(rate('rollcall_views_encoded_total')), legend: 'views encoded' },
        { expr: sum(rate('rollcall_conflated_total')), legend: 'views conflated' },
      ],
    },
    {
      title: 'Watched users',
      about: 'Over all connections, and the views cached for them.',
      unit: 'short',
      queries: [
        { expr: sum(of('rollcall_watches')), legend: 'watched' },
        { expr: sum(of('rollcall_cached_views')), legend: 'cached views' },
      ],
    },
    {
      title: 'Watchers that do not read',
      about: 'Their buffer is full; they get the newest state when they read again.',
      unit: 'short',
      queries: [{ expr: of('rollcall_stalled_watchers'), legend: '{{pod}}' }],
    },
    {
      title: 'Gaps and new readings of the feed',
      about: 'A gap is filled from the log. Where the log does not hold it, watched users are read anew.',
      unit: 'ops',
      queries: [
        { expr: sum(rate('rollcall_feed_gaps_repaired_total')), legend: 'gaps repaired' },
        { expr: sum(rate('rollcall_feed_resyncs_total')), legend: 'resyncs' },
      ],
    },
  ],
};

const WRITING: Row = {
  title: 'Writing it down',
  panels: [
    {
      title: 'Time to store a batch',
      about: 'From sending a batch to its answer.',
      unit: 's',
      queries: quantiles('rollcall_flush_duration_seconds'),
    },
    {
      title: 'Users in a batch',
      about: 'Batches grow when Redis is slow or many come at once: that is how the service keeps up.',
      unit: 'short',
      queries: quantiles('rollcall_flush_batch_size'),
    },
    {
      title: 'Batches by result',
      about: 'fenced: the node was taken for dead; lost: Redis lost data; unknown: no answer.',
      unit: 'ops',
      queries: [{ expr: sum(rate('rollcall_flushes_total'), 'result'), legend: '{{result}}' }],
    },
    {
      title: 'Waiting to be stored',
      about: 'Users whose newest state is not in Redis.',
      unit: 'short',
      queries: [{ expr: of('rollcall_dirty_users'), legend: '{{pod}}' }],
    },
    {
      title: 'Oldest change not stored',
      about: 'The lower line is where others notice, the upper one the default grace.',
      unit: 's',
      steps: [
        [1, 'orange'],
        [5, 'red'],
      ],
      queries: [{ expr: of('rollcall_flush_lag_seconds'), legend: '{{pod}}' }],
    },
    {
      title: 'Age of the last heartbeat',
      about:
        'By partition the oldest, as part of the time to live. At 100 % the node is dead for the others.',
      unit: 'percentunit',
      max: 1.2,
      steps: [
        [0.66, 'orange'],
        [1, 'red'],
      ],
      queries: [
        {
          expr: `${of('rollcall_heartbeat_age_seconds')} / ${of('rollcall_heartbeat_ttl_seconds')}`,
          legend: '{{pod}}',
        },
      ],
    },
  ],
};

const REDIS: Row = {
  title: 'Redis, and what went wrong',
  panels: [
    {
      title: 'Commands by name',
      about: 'Of all nodes. An idle cluster of three makes about 140 a second.',
      unit: 'ops',
      queries: [
        {
          expr: sum(rate('rollcall_redis_command_duration_seconds_count'), 'command'),
          legend: '{{command}}',
        },
      ],
    },
    {
      title: 'Time of commands, p99',
      about: 'As the nodes see it, network included.',
      unit: 's',
      steps: [[0.1, 'red']],
      queries: [
        { expr: quantile(0.99, 'rollcall_redis_command_duration_seconds', 'command'), legend: '{{command}}' },
      ],
    },
    {
      title: 'Failed commands by code',
      about: 'link: no answer. OOM, READONLY and MISCONF mean that presence stands still.',
      unit: 'ops',
      queries: [{ expr: sum(rate('rollcall_redis_errors_total'), 'code'), legend: '{{code}}' }],
    },
    {
      title: 'Connected to Redis, trusting it',
      about: '1 is good. Not trusted means degraded: watchers are told that what they see may be stale.',
      unit: 'short',
      max: 1.2,
      queries: [
        { expr: `min(${of('rollcall_redis_up')})`, legend: 'connected' },
        { expr: `1 - max(${of('rollcall_degraded')})`, legend: 'trusted' },
      ],
    },
    {
      title: 'Nodes taken for dead, losses of data',
      about:
        'In the last 5 minutes, one for each partition. Good is 0; nodes that left in order count as ended, too.',
      unit: 'short',
      queries: [
        { expr: `sum(increase(${of('rollcall_reaped_nodes_total')}[5m]))`, legend: 'ended' },
        { expr: `sum(increase(${of('rollcall_fenced_total')}[5m]))`, legend: 'fenced' },
        { expr: `sum(increase(${of('rollcall_data_lost_total')}[5m]))`, legend: 'data lost' },
      ],
    },
    {
      title: 'Users reaped and swept',
      about:
        'Reaped: their connections were on a node that died. Swept: a grace, a claim or idleness came to its end.',
      unit: 'ops',
      queries: [
        { expr: sum(rate('rollcall_reaped_users_total')), legend: 'reaped' },
        { expr: sum(rate('rollcall_swept_users_total')), legend: 'swept' },
      ],
    },
    {
      title: 'Heartbeats by result',
      about: 'One for each partition, node and interval.',
      unit: 'ops',
      queries: [{ expr: sum(rate('rollcall_beats_total'), 'result'), legend: '{{result}}' }],
    },
    {
      title: 'Nodes in the registry',
      about: 'As each node reads it from Redis; all lines lie on each other.',
      unit: 'short',
      queries: [{ expr: of('rollcall_cluster_nodes'), legend: '{{pod}}' }],
    },
    {
      title: 'Clock less that of Redis',
      about: 'Beyond 5 seconds tokens are judged wrongly.',
      unit: 's',
      steps: [[2, 'red']],
      queries: [{ expr: `abs(${of('rollcall_clock_offset_seconds')})`, legend: '{{pod}}' }],
    },
  ],
};

const CLIENTS: Row = {
  title: 'Clients',
  panels: [
    {
      title: 'Upgrades by result',
      about: 'overloaded and draining are refusals; rate_limited is UPGRADE_RATE of one address.',
      unit: 'reqps',
      queries: [{ expr: sum(rate('rollcall_upgrades_total'), 'result'), legend: '{{result}}' }],
    },
    {
      title: 'Closes by code',
      about:
        '1000 goodbye, 1012 restart, 1013 overloaded, 4401 token ended, 4408 no pong, 4429 flooding; 1005 and 1006 are the client or the network.',
      unit: 'ops',
      queries: [{ expr: sum(rate('rollcall_closes_total'), 'code'), legend: '{{code}}' }],
    },
    {
      title: 'Tokens by result',
      about: 'unknown_key and bad_signature after a rotation: nodes lack the new key.',
      unit: 'ops',
      queries: [{ expr: sum(rate('rollcall_authentications_total'), 'result'), legend: '{{result}}' }],
    },
    {
      title: 'Time to verify a token',
      about: 'The wait in the queue included.',
      unit: 's',
      queries: quantiles('rollcall_authentication_seconds'),
    },
    {
      title: 'Frames received by type',
      about: 'Of all nodes.',
      unit: 'ops',
      queries: [{ expr: sum(rate('rollcall_frames_received_total'), 'type'), legend: '{{type}}' }],
    },
    {
      title: 'Error frames by code',
      about: 'unavailable: Redis did not answer in time.',
      unit: 'ops',
      queries: [{ expr: sum(rate('rollcall_frame_errors_total'), 'code'), legend: '{{code}}' }],
    },
  ],
};

const EVENTS: Row = {
  title: 'Event streams of other services',
  panels: [
    {
      title: 'Open streams',
      about:
        'Services that follow `/v1/events`. One that is gone for long misses what the log no longer holds.',
      unit: 'short',
      stack: true,
      queries: [{ expr: of('rollcall_event_streams'), legend: '{{pod}}' }],
    },
    {
      title: 'Events sent and encoded',
      about: 'One encoding serves every reader, except those who read the log.',
      unit: 'ops',
      queries: [
        { expr: sum(rate('rollcall_events_sent_total')), legend: 'sent' },
        { expr: sum(rate('rollcall_events_encoded_total')), legend: 'encoded' },
      ],
    },
    {
      title: 'Readers in trouble',
      about:
        'In the last 5 minutes: told to read a snapshot, too slow for what is new, or cut off to resume later.',
      unit: 'short',
      queries: [
        { expr: `sum(increase(${of('rollcall_event_resets_total')}[5m]))`, legend: 'reset' },
        { expr: `sum(increase(${of('rollcall_event_readers_behind_total')}[5m]))`, legend: 'behind' },
        {
          expr: `sum by (reason) (increase(${of('rollcall_event_streams_cut_total')}[5m]))`,
          legend: 'cut: {{reason}}',
        },
      ],
    },
  ],
};

const HTTP_AND_PROCESS: Row = {
  title: 'HTTP and processes',
  panels: [
    {
      title: 'HTTP calls by code',
      about: '503 while Redis is away, 429 over HTTP_RATE.',
      unit: 'reqps',
      queries: [
        { expr: sum(rate('rollcall_http_request_duration_seconds_count'), 'code'), legend: '{{code}}' },
      ],
    },
    {
      title: 'HTTP calls by route',
      about: 'Of all nodes.',
      unit: 'reqps',
      queries: [
        {
          expr: sum(rate('rollcall_http_request_duration_seconds_count'), 'method', 'route'),
          legend: '{{method}} {{route}}',
        },
      ],
    },
    {
      title: 'Time of HTTP calls, p99',
      about: 'By route.',
      unit: 's',
      queries: [
        { expr: quantile(0.99, 'rollcall_http_request_duration_seconds', 'route'), legend: '{{route}}' },
      ],
    },
    {
      title: 'CPU',
      about: 'A node can use one core and a little more.',
      unit: 'percentunit',
      steps: [[0.9, 'red']],
      queries: [{ expr: rate('rollcall_process_cpu_seconds_total'), legend: '{{pod}}' }],
    },
    {
      title: 'Memory of the limit',
      about: 'Resident memory by what the container or machine has.',
      unit: 'percentunit',
      max: 1,
      steps: [[0.9, 'red']],
      queries: [
        {
          expr: `${of('rollcall_process_resident_memory_bytes')} / ${of('rollcall_memory_limit_bytes')}`,
          legend: '{{pod}}',
        },
      ],
    },
    {
      title: 'Resident memory',
      about: 'About 12 KiB a connection, beyond the process itself.',
      unit: 'bytes',
      queries: [{ expr: of('rollcall_process_resident_memory_bytes'), legend: '{{pod}}' }],
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
      title: 'Garbage collection',
      about: 'Part of the time in which nothing else happens.',
      unit: 'percentunit',
      queries: [{ expr: sum(rate('rollcall_nodejs_gc_duration_seconds_sum'), 'pod'), legend: '{{pod}}' }],
    },
    {
      title: 'File handles',
      about: 'Each connection is one.',
      unit: 'percentunit',
      max: 1,
      steps: [[0.85, 'red']],
      queries: [
        {
          expr: `${of('rollcall_process_open_fds')} / ${of('rollcall_process_max_fds')}`,
          legend: '{{pod}}',
        },
      ],
    },
  ],
};

export const overview: Dashboard = {
  uid: 'rollcall-overview',
  title: 'Rollcall / Overview',
  about: 'Whether presence is true, fast and has room.',
  refresh: '10s',
  from: 'now-1h',
  rows: [NOW, PEOPLE, FANOUT, WRITING, REDIS, CLIENTS, EVENTS, HTTP_AND_PROCESS],
};
