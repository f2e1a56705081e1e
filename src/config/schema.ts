import { type Static, Type } from 'typebox';
import type { FormatName } from './formats.ts';

/**
 * Every setting, once: type, default, bounds and what it is for. The environment name is the property in upper case
 * with underscores, the unit is part of it. Reader, error messages and `docs/settings.md` are made from this.
 */

const integer = (fallback: number, minimum: number, maximum: number, description: string) =>
  Type.Integer({ default: fallback, minimum, maximum, description });
const flag = (fallback: boolean, description: string, options: Pick<TextOptions, 'defaultText'> = {}) =>
  Type.Boolean({ default: fallback, description, ...options });

interface TextOptions {
  readonly default?: string;
  /** For defaults that depend on other settings: how the docs put it. */
  readonly defaultText?: string;
  /** Never shown: not in messages, not by `print-config`. */
  readonly secret?: true;
}
const text = (format: FormatName, description: string, options: TextOptions = {}) =>
  Type.String({ format, description, ...options });

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const WEEK = 168 * HOUR;

const listening = {
  port: integer(8080, 0, 65_535, 'Port of the public side: WebSocket and HTTP. 0 takes any free one.'),
  host: text('host', 'Address the public side listens on.', { default: '0.0.0.0' }),
  adminPort: integer(9090, 0, 65_535, 'Port of `/livez`, `/readyz` and `/metrics`. 0 takes any free one.'),
  adminHost: text('host', 'Address that port listens on.', { defaultText: 'as `HOST`' }),
  nodeName: text('label', 'Label of this node for people and metrics; its identity is random per start.', {
    defaultText: '`<host name>:<PORT>`',
  }),
  allowedOrigins: Type.Unsafe<'*' | readonly string[]>(
    text(
      'origins',
      'Web origins that may connect, separated by commas; `*` is any. `null` and `file://` are what pages without an origin of their own send. Browsers alone send one.',
      {
        default: '*',
      },
    ),
  ),
  trustProxy: Type.Unsafe<boolean | number | string>(
    text(
      'trust-proxy',
      'Whose `X-Forwarded-For` to trust: `false` trusts none, a number trusts that many last hops, or a list of addresses, CIDR ranges, `loopback`, `linklocal`, `uniquelocal`. `true` trusts every client, so clients can choose their address. With `false` the first such header is warned about.',
      { default: 'false' },
    ),
  ),
  logLevel: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'Least level that is logged, as JSON lines on standard output.',
  }),
};

const store = {
  redisUrl: text(
    'redis-url',
    '`memory:` is the embedded store: one node, forgets on exit. `redis://[user:password@]host:6379[/0]`, `redis+sentinel://h:26379,h2:26379/mymaster`, `redis+cluster://h:7000,h2:7001`; with `rediss` instead of `redis` over TLS. See [Redis](redis.md).',
    { secret: true, defaultText: 'required, or `REDIS_URL_FILE`' },
  ),
  redisUrlFile: Type.Optional(
    text(
      'text',
      'File with what `REDIS_URL` would say, instead of it. Its user and password are read again before each connection, so that they rotate without a restart.',
    ),
  ),
  redisPrefix: text(
    'redis-prefix',
    'Prefix of every key and channel: deployments with different prefixes can share a Redis.',
    {
      default: 'rollcall',
    },
  ),
  redisCommandTimeoutMs: integer(2_000, 50, MINUTE, 'A command that takes longer has failed.'),
  writeReplicas: integer(
    0,
    0,
    16,
    'Replicas that must have a revocation, a forgetting or an `invisible` before it is answered.',
  ),
  partitions: integer(
    16,
    1,
    1024,
    'Number of slices of the users. Cannot be changed later: a node that disagrees with the cluster refuses to start.',
  ),
  eventLogSeconds: integer(3_600, 1, WEEK / SECOND, 'How long the logs keep transitions.'),
  eventLogMax: integer(
    1_000_000,
    1,
    1_000_000_000,
    'How many transitions all logs together keep, the same number in each partition and at least one.',
  ),
  publishTenantEvents: flag(
    true,
    'Publish every transition on `<REDIS_PREFIX>:events:<tenant>` too, for services that speak Redis.',
    { defaultText: '`true`, on Cluster `false`' },
  ),
};

const tokens = {
  pasetoKeys: Type.Optional(
    text('paserk-keys', 'PASERK keys whose tokens are accepted, separated by white space or commas.', {
      secret: true,
    }),
  ),
  pasetoKeysFile: Type.Optional(
    text('text', 'File with such keys; read again when it changes, so that keys rotate without a restart.'),
  ),
  pasetoSymmetricKey: Type.Optional(
    text('symmetric-key', 'One local key of `PASETO_SYMMETRIC_VERSION`: 32 bytes in hex or base64.', {
      secret: true,
    }),
  ),
  pasetoSymmetricVersion: Type.Enum(['v4', 'v3', 'v2'], {
    default: 'v4',
    description: 'PASETO version of `PASETO_SYMMETRIC_KEY`.',
  }),
  tokenAudience: Type.Optional(
    text('text', 'The `aud` a token must have. Without it tokens made for other services are accepted.'),
  ),
  tokenIssuer: Type.Optional(text('text', 'The `iss` a token must have.')),
  tokenInQuery: flag(false, 'Accept `?token=`: it ends up in other people’s logs.'),
  maxTokenTtlS: integer(2_592_000, 1, 315_360_000, 'The farthest ahead a token’s `exp` may be.'),
};

const presence = {
  offlineGraceMs: integer(
    5_000,
    0,
    HOUR,
    'How long a user stays present after a close without goodbye before they are `offline`.',
  ),
  drainGraceMs: integer(
    15_000,
    0,
    HOUR,
    'The same for users whose node is shut down: time to reconnect to another.',
  ),
  idleAwayMs: integer(300_000, 0, WEEK, 'Inactive for this long: `away`. 0 turns it off.'),
  idleOfflineMs: integer(
    1_800_000,
    0,
    WEEK,
    'Inactive for this long: `offline`, connected or not. 0 turns it off. A silent user counts as inactive only after `IDLE_AWAY_MS`: with a smaller value they go `offline` at that point, and never `away`.',
  ),
  transitionBurst: integer(
    10,
    0,
    1_000,
    'Transitions of one person that are shown at once, over all nodes; then one every `TRANSITION_INTERVAL_MS`, and the newest state waits for its turn. 0: any number.',
  ),
  transitionIntervalMs: integer(2_000, 0, HOUR, 'See `TRANSITION_BURST`. 0: any number of transitions.'),
  lastSeen: Type.Enum(['exact', 'hour', 'off'], {
    default: 'exact',
    description: 'How precisely `lastSeen` is shown, and `since` of who is `offline` or `away`.',
  }),
  lastSeenRetentionDays: integer(30, 1, 3_650, 'Users who were offline for this long are forgotten.'),
  watchPolicy: Type.Enum(['tenant', 'groups'], {
    default: 'tenant',
    description: 'Who may watch whom: anyone of the tenant, or only people who share a group.',
  }),
  placePolicy: Type.Enum(['tenant', 'token'], {
    default: 'tenant',
    defaultText: '`tenant`; with `WATCH_POLICY=groups` `token`',
    description:
      'Who may enter and watch a place: any user of the tenant who knows its id, or only users who have it in the `places` of their token. `tenant` is warned about at start: a user who guesses an id is in.',
  }),
};

const cluster = {
  heartbeatIntervalMs: integer(2_000, 50, MINUTE, 'Interval between two heartbeats of a node.'),
  heartbeatTtlMs: integer(
    6_000,
    150,
    10 * MINUTE,
    'A node silent for this long is fenced and cleared; at least 3 × `HEARTBEAT_INTERVAL_MS`.',
  ),
  reapIntervalMs: integer(1_000, 20, MINUTE, 'How often a node checks for dead nodes and passed deadlines.'),
  drainDelayMs: integer(0, 0, 10 * MINUTE, 'Wait between the signal to stop and the first close.'),
  drainWindowMs: integer(5_000, 0, 10 * MINUTE, 'The closes of a shutdown are spread over this long.'),
};

const connections = {
  pingIntervalMs: integer(25_000, 100, 10 * MINUTE, 'Interval between two pings of a connection.'),
  pingTimeoutMs: integer(
    10_000,
    50,
    10 * MINUTE,
    'A connection that does not answer a ping in time is closed with 4408. Unset, it is never longer than `PING_INTERVAL_MS`.',
  ),
  authTimeoutMs: integer(
    5_000,
    50,
    5 * MINUTE,
    'Time for the first frame of a connection that came without a token.',
  ),
  fanoutWindowMs: integer(
    20,
    0,
    1_000,
    'At most one presence frame per watcher in such a window; the first goes at once. 0: no window, nothing merged.',
  ),
  maxFrameBytes: integer(
    16_384,
    256,
    1_048_576,
    'A connection that sends a larger frame is closed with 1009.',
  ),
  maxConnections: integer(
    100_000,
    1,
    10_000_000,
    'Connections this node takes, event streams among them; beyond: 503 or 1013. Lowered to the open files allowed, with a warning.',
  ),
  maxConnectionsPerUser: integer(
    50,
    1,
    10_000,
    'Of one user on this node; beyond, the oldest goes with 4409. Event streams count apart; beyond, the call is answered 429.',
  ),
  maxUnauthenticated: integer(1_000, 0, 1_000_000, 'Connections that have not signed in yet.'),
  maxUnauthenticatedPerAddress: integer(
    200,
    0,
    1_000_000,
    'The same of one address: an office whose pages sign in by their first frame shares one.',
  ),
  httpKeepAliveMs: integer(
    650_000,
    1_000,
    HOUR,
    'How long an idle HTTP connection is kept: longer than balancers do (Google 600 s), so that the balancer closes it.',
  ),
  maxHttpConnections: integer(
    10_000,
    1,
    10_000_000,
    'HTTP connections, without WebSockets and event streams; when there are so many, the one idle for longest is closed for a new one.',
  ),
};

const limits = {
  maxWatches: integer(5_000, 1, 1_000_000, 'Users one connection may watch, by id and in each group.'),
  maxNodeWatches: integer(2_000_000, 1, 1_000_000_000, 'The same over all connections of this node.'),
  tenantWatchMax: integer(5_000, 0, 1_000_000, 'Online users a watch of a whole tenant may cover.'),
  maxPlacesPerConnection: integer(
    16,
    1,
    64,
    'Places that one connection may be in; one person may be in 64 over all connections.',
  ),
  placeWatchMax: integer(
    5_000,
    0,
    1_000_000,
    'Members of a place that can be watched by name. Of a larger one a watcher gets those who are there longest, and how many there are.',
  ),
  frameRate: integer(20, 1, 10_000, 'Frames a second a connection may send.'),
  frameBurst: integer(60, 1, 100_000, 'Frames it may send at once before that counts.'),
  httpRate: integer(100, 0, 1_000_000, 'HTTP requests a second, per user and per address. 0: no limit.'),
  upgradeRate: integer(200, 0, 1_000_000, 'WebSocket upgrades a second per address. 0: no limit.'),
};

/** The settings in the order of the docs. */
export const SECTIONS = [
  { title: 'Listening', settings: listening },
  { title: 'Redis', settings: store },
  { title: 'Tokens', settings: tokens },
  { title: 'Presence', settings: presence },
  { title: 'Cluster', settings: cluster },
  { title: 'Connections', settings: connections },
  { title: 'Limits', settings: limits },
] as const;

const SCHEMA = Type.Object({
  ...listening,
  ...store,
  ...tokens,
  ...presence,
  ...cluster,
  ...connections,
  ...limits,
});

/** Every setting of the service under its documented name in camel case; plain data that JSON can hold. */
export type Settings = Readonly<Static<typeof SCHEMA>>;
export type SettingName = keyof Settings;

/** What the schema says of one setting, whatever its kind. */
export interface Rule {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly format?: FormatName;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: string | number | boolean;
  readonly defaultText?: string;
  readonly description: string;
  readonly secret?: true;
}

export const RULES = SCHEMA.properties as unknown as Readonly<Record<SettingName, Rule>>;
export const SETTING_NAMES = Object.keys(RULES) as readonly SettingName[];

/** `heartbeatTtlMs` → `HEARTBEAT_TTL_MS`. */
export const envName = (setting: SettingName): string =>
  setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
