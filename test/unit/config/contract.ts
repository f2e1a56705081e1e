import { fileURLToPath } from 'node:url';
/** The settings as users rely on them, written down by hand: a changed name or default must show here. */
export interface Contract {
  readonly property: string;
  readonly fallback: unknown;
  readonly good: readonly (readonly [text: string, value: unknown])[];
  readonly bad: readonly string[];
}

const KEY = 'k4.public.HrnbuwxTzX6wK_hvPSNAx4Z0sUFJ1LCQjxF4WqBSyNo';
const HEX = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const BASE64 = Buffer.from(HEX, 'hex').toString('base64');

const NOT_NUMBERS = [
  '',
  '  ',
  'abc',
  '1.5',
  '1e3',
  '0x10',
  '-1',
  '+5',
  '12ms',
  '1 000',
  'NaN',
  'Infinity',
  '٣',
];

const number = (property: string, fallback: number, least: number, most: number): Contract => ({
  property,
  fallback,
  good: [
    [String(least), least],
    [String(most), most],
    [`0${least}`, least],
  ],
  bad: [...NOT_NUMBERS, ...(least > 0 ? [String(least - 1)] : []), String(most + 1), '9'.repeat(40)],
});

const flag = (property: string, fallback: boolean): Contract => ({
  property,
  fallback,
  good: [
    ['true', true],
    ['false', false],
  ],
  bad: ['', ' ', 'yes', 'TRUE', '1', '0', 'on'],
});

const choice = (property: string, fallback: string, values: readonly string[]): Contract => ({
  property,
  fallback,
  good: values.map((value) => [value, value] as const),
  bad: ['', ' ', 'nonsense', values.map((value) => value.toUpperCase())[0] ?? '', values.join(',')],
});

const text = (
  property: string,
  fallback: unknown,
  good: readonly string[],
  bad: readonly string[],
): Contract => ({
  property,
  fallback,
  good: good.map((value) => [value, value] as const),
  bad: ['', ' ', ...bad],
});

/** A file that holds a URL. */
const REDIS_URL_TEXT = fileURLToPath(new URL('./redis-url.txt', import.meta.url));

const HOSTS = ['127.0.0.1', '::', '::1', 'localhost', 'node-1.internal.example'];
const NOT_HOSTS = [
  '[::1]',
  '127.0.0.1:80',
  'http://localhost',
  'a b',
  '-a',
  'a..b',
  'a/b',
  ' localhost',
  'localhost\n',
];
const NOT_TEXT = ['a\nb', 'a\u0000b', 'x'.repeat(1025), ' a'];

export const CONTRACT: Readonly<Record<string, Contract>> = {
  PORT: number('port', 8080, 0, 65_535),
  HOST: text('host', '0.0.0.0', HOSTS, NOT_HOSTS),
  ADMIN_PORT: number('adminPort', 9090, 0, 65_535),
  ADMIN_HOST: text('adminHost', '0.0.0.0', HOSTS, NOT_HOSTS),
  REDIS_URL: text(
    'redisUrl',
    undefined,
    [
      'memory:',
      'redis://localhost',
      'redis://localhost:6379',
      'redis://localhost:6379/3',
      'redis://[::1]:6379',
      'redis://user:p%40ss@localhost:6379',
      'redis://:secret@localhost',
      'rediss://redis.example.com:6380',
      'redis+sentinel://h:26379,h2:26379/mymaster',
      'rediss+sentinel://user:secret@h,h2,h3/my.master-1',
      'redis+cluster://h:7000,h2:7001',
      'rediss+cluster://:secret@h:7000',
    ],
    [
      'localhost:6379',
      'http://localhost',
      'memory',
      'memory://',
      'redis:localhost',
      'redis://',
      'redis://:6379',
      'redis://localhost:0',
      'redis://localhost:65536',
      'redis://localhost:port',
      'redis://localhost/db',
      'redis://a,b',
      'redis://user:p@ss@localhost',
      'redis://user:p/ss@localhost',
      'redis://user:100%@localhost',
      'redis://localhost?db=1',
      'redis+sentinel://h:26379',
      'redis+sentinel://h:26379/',
      'redis+sentinel://h,/mymaster',
      'redis+cluster://h:7000,/',
      'redis+cluster://h:7000/1',
      'redis+tls://h',
      'redis://local host',
      ' redis://localhost',
    ],
  ),
  REDIS_PREFIX: text(
    'redisPrefix',
    'rollcall',
    ['a', 'A.b_c-9'],
    ['a:b', 'a b', '{a}', 'ä', 'a*', 'x'.repeat(65)],
  ),
  REDIS_COMMAND_TIMEOUT_MS: number('redisCommandTimeoutMs', 2_000, 50, 60_000),
  WRITE_REPLICAS: number('writeReplicas', 0, 0, 16),
  PARTITIONS: number('partitions', 16, 1, 1_024),
  NODE_NAME: text('nodeName', 'box:8080', ['a', 'node 1'], ['a\nb', 'a\u2028\u0085', 'x'.repeat(129)]),
  PASETO_KEYS: text(
    'pasetoKeys',
    KEY,
    [
      KEY,
      `${KEY},${KEY}`,
      `# ours, since June\n${KEY} # left\n`,
      `\n${KEY}\n${KEY}\n`,
      `${KEY}, k2.local.AAAA`,
    ],
    ['k4.pid.AAAA', 'v4.public.AAAA', `${KEY} nonsense`, 'k1.public.AAAA', `${KEY};${KEY}`, 'k4.public.'],
  ),
  REDIS_URL_FILE: text('redisUrlFile', undefined, [REDIS_URL_TEXT], [...NOT_TEXT, '/no/such/file', '/']),
  PASETO_KEYS_FILE: text('pasetoKeysFile', undefined, ['/run/secrets/keys', 'keys.txt'], NOT_TEXT),
  PASETO_SYMMETRIC_KEY: text(
    'pasetoSymmetricKey',
    undefined,
    [HEX, HEX.toUpperCase(), BASE64, BASE64.replace('=', '')],
    [
      'short',
      HEX.slice(2),
      `${HEX}00`,
      `${HEX.slice(1)}g`,
      Buffer.alloc(31).toString('base64'),
      Buffer.alloc(33).toString('base64'),
      `k4.local.${BASE64.replace('=', '')}`,
    ],
  ),
  PASETO_SYMMETRIC_VERSION: choice('pasetoSymmetricVersion', 'v4', ['v4', 'v3', 'v2']),
  TOKEN_AUDIENCE: text('tokenAudience', undefined, ['rollcall', 'https://presence.example.com'], NOT_TEXT),
  TOKEN_ISSUER: text('tokenIssuer', undefined, ['login'], NOT_TEXT),
  TOKEN_IN_QUERY: flag('tokenInQuery', false),
  MAX_TOKEN_TTL_S: number('maxTokenTtlS', 2_592_000, 1, 315_360_000),
  HEARTBEAT_INTERVAL_MS: number('heartbeatIntervalMs', 2_000, 50, 60_000),
  HEARTBEAT_TTL_MS: number('heartbeatTtlMs', 6_000, 150, 600_000),
  REAP_INTERVAL_MS: number('reapIntervalMs', 1_000, 20, 60_000),
  OFFLINE_GRACE_MS: number('offlineGraceMs', 5_000, 0, 3_600_000),
  DRAIN_GRACE_MS: number('drainGraceMs', 15_000, 0, 3_600_000),
  IDLE_AWAY_MS: number('idleAwayMs', 300_000, 0, 604_800_000),
  IDLE_OFFLINE_MS: number('idleOfflineMs', 1_800_000, 0, 604_800_000),
  PING_INTERVAL_MS: number('pingIntervalMs', 25_000, 100, 600_000),
  PING_TIMEOUT_MS: number('pingTimeoutMs', 10_000, 50, 600_000),
  AUTH_TIMEOUT_MS: number('authTimeoutMs', 5_000, 50, 300_000),
  FANOUT_WINDOW_MS: number('fanoutWindowMs', 20, 0, 1_000),
  MAX_FRAME_BYTES: number('maxFrameBytes', 16_384, 256, 1_048_576),
  MAX_CONNECTIONS: number('maxConnections', 100_000, 1, 10_000_000),
  MAX_CONNECTIONS_PER_USER: number('maxConnectionsPerUser', 50, 1, 10_000),
  MAX_UNAUTHENTICATED_PER_ADDRESS: number('maxUnauthenticatedPerAddress', 200, 0, 1_000_000),
  HTTP_KEEP_ALIVE_MS: number('httpKeepAliveMs', 650_000, 1_000, 3_600_000),
  MAX_HTTP_CONNECTIONS: number('maxHttpConnections', 10_000, 1, 10_000_000),
  MAX_UNAUTHENTICATED: number('maxUnauthenticated', 1_000, 0, 1_000_000),
  MAX_WATCHES: number('maxWatches', 5_000, 1, 1_000_000),
  MAX_NODE_WATCHES: number('maxNodeWatches', 2_000_000, 1, 1_000_000_000),
  TENANT_WATCH_MAX: number('tenantWatchMax', 5_000, 0, 1_000_000),
  MAX_PLACES_PER_CONNECTION: number('maxPlacesPerConnection', 16, 1, 64),
  PLACE_WATCH_MAX: number('placeWatchMax', 5_000, 0, 1_000_000),
  FRAME_RATE: number('frameRate', 20, 1, 10_000),
  FRAME_BURST: number('frameBurst', 60, 1, 100_000),
  HTTP_RATE: number('httpRate', 100, 0, 1_000_000),
  UPGRADE_RATE: number('upgradeRate', 200, 0, 1_000_000),
  LAST_SEEN: choice('lastSeen', 'exact', ['exact', 'hour', 'off']),
  LAST_SEEN_RETENTION_DAYS: number('lastSeenRetentionDays', 30, 1, 3_650),
  TRANSITION_BURST: number('transitionBurst', 10, 0, 1_000),
  TRANSITION_INTERVAL_MS: number('transitionIntervalMs', 2_000, 0, 3_600_000),
  EVENT_LOG_SECONDS: number('eventLogSeconds', 3_600, 1, 604_800),
  EVENT_LOG_MAX: number('eventLogMax', 1_000_000, 1, 1_000_000_000),
  DRAIN_DELAY_MS: number('drainDelayMs', 0, 0, 600_000),
  DRAIN_WINDOW_MS: number('drainWindowMs', 5_000, 0, 600_000),
  WATCH_POLICY: choice('watchPolicy', 'tenant', ['tenant', 'groups']),
  PLACE_POLICY: choice('placePolicy', 'tenant', ['tenant', 'token']),
  PUBLISH_TENANT_EVENTS: flag('publishTenantEvents', true),
  ALLOWED_ORIGINS: {
    property: 'allowedOrigins',
    fallback: '*',
    good: [
      ['*', '*'],
      ['https://app.example.com', ['https://app.example.com']],
      ['https://a.example, http://localhost:3000', ['https://a.example', 'http://localhost:3000']],
      ['HTTPS://App.Example.com:443,https://app.example.com', ['https://app.example.com']],
      ['http://[::1]:8080', ['http://[::1]:8080']],
      ['https://bücher.example', ['https://xn--bcher-kva.example']],
      ['capacitor://localhost', ['capacitor://localhost']],
      ['null', ['null']],
      ['https://a.example, null,file://', ['https://a.example', 'null', 'file://']],
    ],
    bad: [
      '',
      ' ',
      'app.example.com',
      'https://app.example.com/',
      'https://app.example.com/path',
      'https://*.example.com',
      '*,https://a.example',
      'https://a.example,',
      'https://a.example https://b.example',
      'https://user@a.example',
      'https://a.example:99999',
      'nul',
      'file:',
      'file:///home',
    ],
  },
  TRUST_PROXY: {
    property: 'trustProxy',
    fallback: false,
    good: [
      ['true', true],
      ['false', false],
      ['0', 0],
      ['2', 2],
      ['10.0.0.0/8', '10.0.0.0/8'],
      ['127.0.0.1, ::1,fd00::/8', '127.0.0.1,::1,fd00::/8'],
      ['loopback,uniquelocal', 'loopback,uniquelocal'],
    ],
    bad: [
      '',
      ' ',
      'yes',
      '-1',
      '101',
      '1.5',
      '10.0.0.0/33',
      '10.0.0.0/0',
      '10.0.0.0/',
      'proxy.internal',
      '::/129',
      '1,true',
      '10.0.0.1,',
    ],
  },
  LOG_LEVEL: choice('logLevel', 'info', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
};

/** The least environment that starts a node. */
export const LEAST = { REDIS_URL: 'redis://localhost:6379', PASETO_KEYS: KEY } as const;

/** What must be set beside a good value for it to stand: other settings bound some of them. */
export const BESIDE: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  REDIS_URL_FILE: { REDIS_URL: undefined },
  HEARTBEAT_INTERVAL_MS: { HEARTBEAT_TTL_MS: '600000' },
  HEARTBEAT_TTL_MS: { HEARTBEAT_INTERVAL_MS: '50' },
};
