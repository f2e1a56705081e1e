import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import type { RedisUrl } from '../config/redis-url.ts';
import type { Metrics } from '../observability/metrics.ts';
import { backoff, jittered } from '../time/backoff.ts';

export interface LinkOptions {
  readonly address: RedisUrl;
  /** Brings {@link address} up to date, before each connection. */
  readonly refresh?: () => void;
  /** Shown in `CLIENT LIST`. */
  readonly name: string;
  readonly commandTimeoutMs: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly random: () => number;
}

/** A connection to one server. */
export type ServerClient = Redis;

export interface Host {
  readonly host: string;
  readonly port: number;
}

/** Below this a slow handshake would look like an unreachable Redis, ms. */
const MIN_CONNECT_MS = 1000;
/** A link is given up after this many command timeouts with answers outstanding and nothing received. */
const SILENT_COMMANDS = 2.5;
const DISCONNECT_MS = 100;
/**
 * How long a link that found a replica in place of its master stays connected, ms, so that it does not reconnect in a
 * loop.
 */
const READONLY_MS = 1000;

/** Pause after the first failed reconnect, and the longest pause, ms. */
const FIRST_RETRY_MS = 25;
const MAX_RETRY_MS = 1000;

/** How long connecting may take, ms. */
export const connectTimeout = ({ commandTimeoutMs }: Pick<LinkOptions, 'commandTimeoutMs'>): number =>
  Math.max(commandTimeoutMs, MIN_CONNECT_MS);

/**
 * Reconnects almost at once, then with growing pauses up to a second, each node with its own jitter, to avoid a
 * reconnect storm.
 */
export const retryDelay = (attempt: number, random: () => number): number =>
  jittered(backoff(attempt, FIRST_RETRY_MS, MAX_RETRY_MS), random);

/** The code a Redis error begins with (`ERR`, `OOM`, `MOVED`, …); undefined for anything else. */
export const redisErrorCode = (error: unknown): string | undefined =>
  error instanceof Error && error.name === 'ReplyError' ? /^[A-Z]+/.exec(error.message)?.[0] : undefined;

const commonOptions = (options: LinkOptions, commandTimeout: number) => ({
  connectionName: options.name,
  ...(options.address.username !== undefined && { username: options.address.username }),
  ...(options.address.password !== undefined && { password: options.address.password }),
  ...(options.address.tls && { tls: {} }),
  connectTimeout: connectTimeout(options),
  // The library must not resend unanswered commands: a batch with an unknown outcome is never repeated.
  autoResendUnfulfilledCommands: false,
  // Commands in flight fail as soon as the connection closes; otherwise they would wait for their timeout.
  maxRetriesPerRequest: 0,
  ...(commandTimeout > 0 && { commandTimeout, socketTimeout: commandTimeout * SILENT_COMMANDS }),
  // A server that hangs does not close its side, so giving up a connection must not wait for that.
  disconnectTimeout: DISCONNECT_MS,
});

/**
 * A client of one server in any topology; not connected yet, and it never reconnects by itself.
 * @param commandTimeout - ms; 0 is for subscribers, which wait.
 */
export const createServerClient = (options: LinkOptions, server: Host, commandTimeout: number): Redis => {
  options.refresh?.();
  return new Redis({
    ...commonOptions(options, commandTimeout),
    ...server,
    lazyConnect: true,
    enableOfflineQueue: false,
    // A caller that needs the server's state sends INFO itself, and sees why it is refused.
    enableReadyCheck: false,
    retryStrategy: () => null,
  });
};

/** As {@link createServerClient}, of a sentinel: it has users and passwords of its own. */
export const createSentinelClient = (options: LinkOptions, sentinel: Host): Redis => {
  options.refresh?.();
  const { sentinelUsername: username, sentinelPassword: password, tls, topology, hosts } = options.address;
  const address = {
    topology,
    hosts,
    tls,
    db: 0,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  };
  const { refresh: _, ...rest } = options;
  return createServerClient({ ...rest, address }, sentinel, options.commandTimeoutMs);
};

/**
 * A client for the topology that always talks to the server that takes writes; not connected yet.
 * @param commandTimeout - ms; 0 is for subscribers, which wait.
 * @param reconnects - whether it reconnects by itself after its connection closed.
 */
export const createClient = (
  options: LinkOptions,
  commandTimeout: number,
  reconnects: boolean,
): Redis | Cluster => {
  options.refresh?.();
  const { random } = options;
  const common = commonOptions(options, commandTimeout);
  const retryStrategy = (attempt: number): number | null => {
    if (!reconnects) return null;
    options.refresh?.();
    renew(client, options.address);
    return retryDelay(attempt, random);
  };
  const client = clientOf(options, common, retryStrategy);
  return client;
};

/** The next connection signs in with these: the library reads its options again for each. */
const renew = (client: Redis | Cluster, { username, password, ...more }: RedisUrl): void => {
  const options: Pick<RedisOptions, 'username' | 'password' | 'sentinelUsername' | 'sentinelPassword'> =
    client instanceof Cluster ? (client.options.redisOptions ?? {}) : client.options;
  delete options.username;
  delete options.password;
  if (username !== undefined) options.username = username;
  if (password !== undefined) options.password = password;
  if (more.sentinelUsername !== undefined) options.sentinelUsername = more.sentinelUsername;
  if (more.sentinelPassword !== undefined) options.sentinelPassword = more.sentinelPassword;
};

const clientOf = (
  options: LinkOptions,
  common: ReturnType<typeof commonOptions>,
  retryStrategy: (attempt: number) => number | null,
): Redis | Cluster => {
  const { address } = options;
  const lone = {
    ...common,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy,
    reconnectOnError: onceInAWhile((error) => redisErrorCode(error) === 'READONLY'),
  };
  const [host] = address.hosts;
  switch (address.topology) {
    case 'cluster':
      return new Cluster([...address.hosts], {
        lazyConnect: true,
        enableOfflineQueue: false,
        clusterRetryStrategy: retryStrategy,
        // Only commands that a server refused to run are redirected. Those that a closing connection left unanswered
        // may have run.
        retryDelayOnFailover: 0,
        retryDelayOnClusterDown: 0,
        retryDelayOnTryAgain: 20,
        maxRedirections: 5,
        slotsRefreshTimeout: connectTimeout(options),
        redisOptions: common,
      });
    case 'sentinel':
      return new Redis({
        ...lone,
        ...sentinelOptions(options, retryStrategy),
        name: address.master ?? '',
      });
    case 'standalone':
      return new Redis({ ...lone, ...host, db: address.db });
  }
};

const sentinelOptions = (options: LinkOptions, retryStrategy: (attempt: number) => number | null) => {
  const { hosts, tls, sentinelUsername, sentinelPassword } = options.address;
  return {
    sentinels: [...hosts],
    sentinelRetryStrategy: retryStrategy,
    // A server that accepts the connection and never answers must not keep the next one from being tried.
    sentinelCommandTimeout: options.commandTimeoutMs,
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(tls && { sentinelTLS: {}, enableTLSForSentinelMode: true }),
  };
};

/** The same condition; after it has held once, it does not hold again for a second. */
const onceInAWhile = (condition: (error: Error) => boolean): ((error: Error) => boolean) => {
  let isPaused = false;
  return (error) => {
    if (isPaused || !condition(error)) return false;
    isPaused = true;
    setTimeout(() => {
      isPaused = false;
    }, READONLY_MS).unref();
    return true;
  };
};
