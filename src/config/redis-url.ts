/** The embedded store: one node, nothing outlives the process. */
export const MEMORY_URL = 'memory:';

/** Where Redis is, as `REDIS_URL` says it. */
export interface RedisUrl {
  readonly topology: 'standalone' | 'sentinel' | 'cluster';
  readonly tls: boolean;
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  /** Name under which the sentinels watch the master; with `sentinel` only. */
  readonly master?: string;
  readonly username?: string;
  readonly password?: string;
  /** What the sentinels themselves ask for; with `sentinel` only. */
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  readonly db: number;
}

const DEFAULT_PORTS = { standalone: 6379, sentinel: 26_379, cluster: 6379 } as const;
const SHAPE =
  /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:(.*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?(#.*)?$/;
const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;

const FORMS =
  'redis://host:6379, rediss://… for TLS, redis+sentinel://h:26379,h2:26379/mymaster, redis+cluster://h:7000,h2:7001, or memory: for one node without Redis';

/**
 * Reads any `REDIS_URL` but {@link MEMORY_URL}.
 *
 * @throws Error whose message is to be read after the setting's name and holds nothing of the URL, which may hold a
 * password.
 */
export const parseRedisUrl = (url: string): RedisUrl => {
  const match = SHAPE.exec(url);
  if (!match) throw new Error(`must be one of ${FORMS}`);
  const [, scheme, kind, credentials, list = '', path = '', query, fragment] = match;
  const topology = kind === 'sentinel' || kind === 'cluster' ? kind : 'standalone';
  if (fragment !== undefined || (query !== undefined && topology !== 'sentinel')) {
    throw new Error(
      'must end after the path: nothing is read from ?… or #…; percent-encode them in a password',
    );
  }
  const hosts = list.split(',').map((part, i) => hostOf(part, i, DEFAULT_PORTS[topology]));
  if (topology === 'standalone' && hosts.length > 1) {
    throw new Error('names several hosts: use redis+sentinel:// or redis+cluster:// for that');
  }
  return {
    topology,
    tls: scheme === 'rediss',
    hosts,
    ...credentialsOf(credentials),
    ...(topology === 'sentinel' && { master: masterOf(path), ...sentinelAccess(query) }),
    db: topology === 'sentinel' ? 0 : databaseOf(path, topology),
  };
};

const hostOf = (part: string, index: number, fallback: number): { host: string; port: number } => {
  const match = HOST.exec(part);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? fallback);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new Error(
      `must have host or host:port as its ${index === 0 ? 'host' : `host number ${index + 1}`}`,
    );
  }
  return { host, port };
};

const masterOf = (path: string): string => {
  if (!/^[A-Za-z0-9._-]+$/.test(path)) {
    throw new Error(
      'must end with the name of the master that the sentinels watch: redis+sentinel://h,h2/mymaster',
    );
  }
  return path;
};

const SENTINEL_FIELDS = ['sentinelUsername', 'sentinelPassword'] as const;

/** The sentinels' own user and password, which are not those of the master. */
const sentinelAccess = (query = ''): Pick<RedisUrl, (typeof SENTINEL_FIELDS)[number]> => {
  const access: { sentinelUsername?: string; sentinelPassword?: string } = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const field = SENTINEL_FIELDS.find((known) => known === name);
    if (field === undefined || access[field] !== undefined || value === '') {
      throw new Error(
        'may have ?sentinelUsername=… and &sentinelPassword=… after the name of the master, each once, and nothing else',
      );
    }
    access[field] = value;
  }
  return access;
};

const databaseOf = (path: string, topology: 'standalone' | 'cluster'): number => {
  if (path === '') return 0;
  if (topology === 'cluster') {
    if (path === '0') return 0;
    throw new Error('must not choose a database: a cluster has only one');
  }
  if (!/^\d{1,4}$/.test(path))
    throw new Error('must have the number of a database as its path: redis://host/0');
  return Number(path);
};

const credentialsOf = (text: string | undefined): Pick<RedisUrl, 'username' | 'password'> => {
  if (text === undefined) return {};
  if (/[@/?#]/.test(text)) {
    throw new Error(
      'has a user or password with @, /, ? or # in it: percent-encode them (%40, %2F, %3F, %23)',
    );
  }
  const colon = text.indexOf(':');
  try {
    const username = decodeURIComponent(colon < 0 ? text : text.slice(0, colon));
    const password = colon < 0 ? '' : decodeURIComponent(text.slice(colon + 1));
    return { ...(username !== '' && { username }), ...(password !== '' && { password }) };
  } catch {
    throw new Error('has a user or password with a % that is not percent-encoding: write it as %25');
  }
};
