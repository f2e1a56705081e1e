import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds from a millisecond to ten seconds: what a person notices lies in the middle. */
const LATENCY = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const FAST = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 500];
const DURATIONS = [1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200, 86_400];

/** Every metric of the service, defined once; names are public. Labels are closed sets: never an id. */
export const createMetrics = (register = new Registry()) => {
  const on = { registers: [register] };
  return {
    register,
    connections: new Gauge({
      ...on,
      name: 'rollcall_connections',
      help: 'Open signed-in WebSocket connections on this node.',
    }),
    unauthenticated: new Gauge({
      ...on,
      name: 'rollcall_unauthenticated_connections',
      help: 'Open WebSocket connections that have not signed in yet.',
    }),
    users: new Gauge({
      ...on,
      name: 'rollcall_users_connected',
      help: 'Users with a connection on this node.',
    }),
    usersOnline: new Gauge({
      ...on,
      name: 'rollcall_users_online',
      help: 'Users with a connection on this node who are not offline, by what others see of them; as of the last heartbeat.',
      labelNames: ['status'] as const,
    }),
    httpConnections: new Gauge({
      ...on,
      name: 'rollcall_http_connections',
      help: 'Open connections of the public side that are no WebSocket and no event stream.',
    }),
    httpEvictions: new Counter({
      ...on,
      name: 'rollcall_http_connections_evicted_total',
      help: 'HTTP connections closed because MAX_HTTP_CONNECTIONS were open and others came: the longest idle first.',
    }),
    upgrades: new Counter({
      ...on,
      name: 'rollcall_upgrades_total',
      help: 'WebSocket upgrade requests by result.',
      labelNames: ['result'] as const,
    }),
    authentications: new Counter({
      ...on,
      name: 'rollcall_authentications_total',
      help: 'Token verifications by result and token version.',
      labelNames: ['result', 'version'] as const,
    }),
    authSeconds: new Histogram({
      ...on,
      name: 'rollcall_authentication_seconds',
      help: 'Time to verify a token.',
      buckets: FAST,
    }),
    closes: new Counter({
      ...on,
      name: 'rollcall_closes_total',
      help: 'Closed WebSocket connections by close code.',
      labelNames: ['code'] as const,
    }),
    sessionSeconds: new Histogram({
      ...on,
      name: 'rollcall_session_duration_seconds',
      help: 'How long signed-in connections lasted.',
      buckets: DURATIONS,
    }),
    framesReceived: new Counter({
      ...on,
      name: 'rollcall_frames_received_total',
      help: 'Frames from clients by type.',
      labelNames: ['type'] as const,
    }),
    frameErrors: new Counter({
      ...on,
      name: 'rollcall_frame_errors_total',
      help: 'Error frames sent by code.',
      labelNames: ['code'] as const,
    }),
    transitions: new Counter({
      ...on,
      name: 'rollcall_transitions_total',
      help: 'Transitions this node delivered from the feed, by status and reason.',
      labelNames: ['status', 'reason'] as const,
    }),
    placeMembers: new Gauge({
      ...on,
      name: 'rollcall_place_members',
      help: 'Users in places by connections on this node; one in two places counts twice.',
    }),
    places: new Gauge({
      ...on,
      name: 'rollcall_places',
      help: 'Places in which users are by connections on this node.',
    }),
    placeTransitions: new Counter({
      ...on,
      name: 'rollcall_place_transitions_total',
      help: 'Changes of places this node delivered from the feed.',
      labelNames: ['change'] as const,
    }),
    placesRejected: new Counter({
      ...on,
      name: 'rollcall_places_rejected_total',
      help: 'Attempts to enter a place that were refused, by reason.',
      labelNames: ['reason'] as const,
    }),
    watches: new Gauge({
      ...on,
      name: 'rollcall_watches',
      help: 'Users watched over all connections of this node.',
    }),
    views: new Gauge({
      ...on,
      name: 'rollcall_cached_views',
      help: 'Views cached because a connection on this node watches them.',
    }),
    framesSent: new Counter({
      ...on,
      name: 'rollcall_presence_frames_sent_total',
      help: 'Presence frames written to sockets.',
    }),
    encoded: new Counter({
      ...on,
      name: 'rollcall_views_encoded_total',
      help: 'Views turned into JSON: once a transition, however many watch it.',
    }),
    conflated: new Counter({
      ...on,
      name: 'rollcall_conflated_total',
      help: 'Views replaced by a newer one before they were sent.',
    }),
    fanoutSeconds: new Histogram({
      ...on,
      name: 'rollcall_fanout_latency_seconds',
      help: 'From the transition by the clock of Redis to the write to the first socket.',
      buckets: LATENCY,
    }),
    flushSeconds: new Histogram({
      ...on,
      name: 'rollcall_flush_duration_seconds',
      help: 'Time for one batch to be stored.',
      buckets: LATENCY,
    }),
    flushSize: new Histogram({
      ...on,
      name: 'rollcall_flush_batch_size',
      help: 'Users in one batch.',
      buckets: SIZES,
    }),
    flushes: new Counter({
      ...on,
      name: 'rollcall_flushes_total',
      help: 'Batches by result.',
      labelNames: ['result'] as const,
    }),
    dirty: new Gauge({
      ...on,
      name: 'rollcall_dirty_users',
      help: 'Users whose newest state is not stored yet.',
    }),
    beats: new Counter({
      ...on,
      name: 'rollcall_beats_total',
      help: 'Heartbeats by result.',
      labelNames: ['result'] as const,
    }),
    fenced: new Counter({
      ...on,
      name: 'rollcall_fenced_total',
      help: 'Times this node found itself fenced in a partition.',
    }),
    lost: new Counter({
      ...on,
      name: 'rollcall_data_lost_total',
      help: 'Times this node found that a partition had lost data.',
    }),
    reapedNodes: new Counter({
      ...on,
      name: 'rollcall_reaped_nodes_total',
      help: 'Node epochs without a lease that this node fenced, per partition; also of nodes that left in order.',
    }),
    reapedUsers: new Counter({
      ...on,
      name: 'rollcall_reaped_users_total',
      help: 'Users whose connections on a dead node this node cleared.',
    }),
    swept: new Counter({
      ...on,
      name: 'rollcall_swept_users_total',
      help: 'Users evaluated because a deadline passed.',
    }),
    gapsRepaired: new Counter({
      ...on,
      name: 'rollcall_feed_gaps_repaired_total',
      help: 'Gaps in the feed filled from the log.',
    }),
    resyncs: new Counter({
      ...on,
      name: 'rollcall_feed_resyncs_total',
      help: 'Times everything derived from a partition had to be read again, because part of its log was lost.',
    }),
    eventStreams: new Gauge({
      ...on,
      name: 'rollcall_event_streams',
      help: 'Open event streams (`GET /v1/events`) on this node.',
    }),
    eventsSent: new Counter({
      ...on,
      name: 'rollcall_events_sent_total',
      help: 'Events given to readers of event streams.',
    }),
    eventsEncoded: new Counter({
      ...on,
      name: 'rollcall_events_encoded_total',
      help: 'Events turned into text: once, however many readers there are, but again for each who reads the log.',
    }),
    eventResets: new Counter({
      ...on,
      name: 'rollcall_event_resets_total',
      help: 'Times a reader of an event stream was sent to read a snapshot.',
    }),
    eventReadersBehind: new Counter({
      ...on,
      name: 'rollcall_event_readers_behind_total',
      help: 'Times a reader of an event stream was so slow that it was given the log instead of what is new.',
    }),
    eventStreamsCut: new Counter({
      ...on,
      name: 'rollcall_event_streams_cut_total',
      help: 'Event streams ended from this side, to be resumed by cursor: the reader took nothing, or the log could not be read.',
      labelNames: ['reason'] as const,
    }),
    redisUp: new Gauge({
      ...on,
      name: 'rollcall_redis_up',
      help: '1 while the command link to Redis is ready.',
    }),
    redisSeconds: new Histogram({
      ...on,
      name: 'rollcall_redis_command_duration_seconds',
      help: 'Time of Redis commands by script.',
      labelNames: ['command'] as const,
      buckets: FAST,
    }),
    redisErrors: new Counter({
      ...on,
      name: 'rollcall_redis_errors_total',
      help: 'Failed Redis commands by script, and the code Redis refused them with; `link` when it did not answer.',
      labelNames: ['command', 'code'] as const,
    }),
    httpSeconds: new Histogram({
      ...on,
      name: 'rollcall_http_request_duration_seconds',
      help: 'HTTP requests by route, method and status code.',
      labelNames: ['route', 'method', 'code'] as const,
      buckets: LATENCY,
    }),
    buildInfo: new Gauge({
      ...on,
      name: 'rollcall_build_info',
      help: 'Always 1; the labels give the version and the name of the node.',
      labelNames: ['version', 'node'] as const,
    }),
    ready: new Gauge({ ...on, name: 'rollcall_ready', help: '1 while this node asks for traffic.' }),
    degraded: new Gauge({
      ...on,
      name: 'rollcall_degraded',
      help: '1 while what this node sends may be stale: Redis is unreachable, or still healing after a loss.',
    }),
    draining: new Gauge({
      ...on,
      name: 'rollcall_draining',
      help: '1 from the moment this node was asked to stop.',
    }),
    heartbeatAge: new Gauge({
      ...on,
      name: 'rollcall_heartbeat_age_seconds',
      help: 'Time since the last answered heartbeat, in the partition where it is longest.',
    }),
    heartbeatTtl: new Gauge({
      ...on,
      name: 'rollcall_heartbeat_ttl_seconds',
      help: 'The age at which the other nodes fence this node.',
    }),
    flushLag: new Gauge({
      ...on,
      name: 'rollcall_flush_lag_seconds',
      help: 'Age of the oldest change that is not stored yet.',
    }),
    offlineGrace: new Gauge({
      ...on,
      name: 'rollcall_offline_grace_seconds',
      help: 'How long a user stays present after a lost connection before they are offline.',
    }),
    clockOffset: new Gauge({
      ...on,
      name: 'rollcall_clock_offset_seconds',
      help: 'Clock of this machine minus that of Redis, where they differ most; the delay of the answer included.',
    }),
    clusterNodes: new Gauge({
      ...on,
      name: 'rollcall_cluster_nodes',
      help: 'Living nodes of the deployment, as this one last read them from Redis.',
    }),
    stalledWatchers: new Gauge({
      ...on,
      name: 'rollcall_stalled_watchers',
      help: 'Connections that do not read what was sent, and get the newest state when they do.',
    }),
    connectionsLimit: new Gauge({
      ...on,
      name: 'rollcall_connections_limit',
      help: 'Connections, event streams included, beyond which this node refuses new ones.',
    }),
    watchesLimit: new Gauge({
      ...on,
      name: 'rollcall_watches_limit',
      help: 'Watched users beyond which this node refuses new watches.',
    }),
    memoryLimit: new Gauge({
      ...on,
      name: 'rollcall_memory_limit_bytes',
      help: 'Memory this process may use: the limit of its container, otherwise all of the machine.',
    }),
  };
};

export type Metrics = ReturnType<typeof createMetrics>;

/** The process' own metrics: memory, CPU, event-loop lag, garbage collection, under the same prefix. */
export const collectProcessMetrics = (register: Registry): void =>
  collectDefaultMetrics({ register, prefix: 'rollcall_' });
