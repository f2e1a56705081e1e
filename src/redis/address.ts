/** Where Redis is, as `REDIS_URL` says it. */
export interface RedisAddress {
  readonly topology: 'standalone' | 'sentinel' | 'cluster';
  readonly tls: boolean;
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  /** Name of the master that the sentinels watch. */
  readonly master?: string;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
}

const SHAPE = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/?#]+)(?:\/([^?#]*))?$/;

/** @throws Error whose message says what is wrong without repeating credentials. */
export const parseRedisAddress = (url: string): RedisAddress => {
  const match = SHAPE.exec(url);
  if (!match)
    throw new Error(
      'is not of the form redis://host:port, redis+sentinel://h1,h2/name or redis+cluster://h1,h2',
    );
  const [, scheme, kind, credentials, list = '', path = ''] = match;
  const topology = kind === 'sentinel' || kind === 'cluster' ? kind : 'standalone';
  const fallback = topology === 'sentinel' ? 26_379 : 6379;
  const hosts = list.split(',').map((part) => hostOf(part, fallback));
  if (topology === 'standalone' && hosts.length > 1)
    throw new Error('names several hosts, but neither sentinel nor cluster');
  if (topology === 'sentinel' && path === '')
    throw new Error('must name the master: redis+sentinel://h1,h2/name');
  if (topology === 'cluster' && path !== '') throw new Error('cannot choose a database on a cluster');
  if (topology === 'standalone' && !/^\d{0,3}$/.test(path))
    throw new Error('has a database that is not a number');
  const [username, password] = credentialsOf(credentials);
  return {
    topology,
    tls: scheme === 'rediss',
    hosts,
    ...(topology === 'sentinel' && { master: decodeURIComponent(path) }),
    ...(username && { username }),
    ...(password && { password }),
    db: topology === 'standalone' ? Number(path || 0) : 0,
  };
};

const hostOf = (part: string, fallback: number): { host: string; port: number } => {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(part);
  const port = Number(match?.[2] ?? fallback);
  if (!match?.[1] || port < 1 || port > 65_535) throw new Error('has a host that is not host or host:port');
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
};

const credentialsOf = (text: string | undefined): [string?, string?] => {
  if (text === undefined) return [];
  const colon = text.indexOf(':');
  try {
    if (colon < 0) return [decodeURIComponent(text)];
    return [decodeURIComponent(text.slice(0, colon)), decodeURIComponent(text.slice(colon + 1))];
  } catch (cause) {
    throw new Error('has credentials that are not percent-encoded', { cause });
  }
};
