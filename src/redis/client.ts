import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import type { RedisUrl } from '../config/redis-url.ts';
import type { Metrics } from '../observability/metrics.ts';

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

/** Below this a slow handshake would look like a Redis that is away, ms. */
const MIN_CONNECT_MS = 1000;
/** A link on which nothing came for so many command timeouts while something was awaited is given up. */
const SILENT_COMMANDS = 2.5;
const DISCONNECT_MS = 100;
/** How long a link that met a replica in place of its master stays all the same, ms: else it would reconnect in circles. */
const READONLY_MS = 1000;

/** How long connecting may take, ms. */
export const connectTimeout = ({ commandTimeoutMs }: Pick<LinkOptions, 'commandTimeoutMs'>): number =>
  Math.max(commandTimeoutMs, MIN_CONNECT_MS);

/** Reconnects at once, then ever more slowly up to a second, each node at a moment of its own: no storm on return. */
export const retryDelay = (attempt: number, random: () => number): number =>
  Math.min(1000, 25 * 2 ** Math.min(attempt, 6)) * (0.5 + random() / 2);

/** The code a Redis error begins with (`ERR`, `OOM`, `MOVED`, …); undefined for anything else. */
export const redisErrorCode = (error: unknown): string | undefined =>
  error instanceof Error && error.name === 'ReplyError' ? /^[A-Z]+/.exec(error.message)?.[0] : undefined;

const commonOptions = (options: LinkOptions, commandTimeout: number) => ({
  connectionName: options.name,
  ...(options.address.username !== undefined && { username: options.address.username }),
  ...(options.address.password !== undefined && { password: options.address.password }),
  ...(options.address.tls && { tls: {} }),
  connectTimeout: connectTimeout(options),
  // What was not answered must not be sent again behind our back: a batch of unknown outcome is never repeated.
  autoResendUnfulfilledCommands: false,
  // And what was under way when a connection closed has failed there and then: else it waits for its timeout.
  maxRetriesPerRequest: 0,
  ...(commandTimeout > 0 && { commandTimeout, socketTimeout: commandTimeout * SILENT_COMMANDS }),
  // A server that hangs does not close its side: what is given up must not wait for that.
  disconnectTimeout: DISCONNECT_MS,
});

/**
 * A client of one server, whatever it is part of; nothing is connected yet, and it never reconnects by itself.
 * @param commandTimeout - ms; 0 is for subscribers, which wait.
 */
export const createServerClient = (options: LinkOptions, server: Host, commandTimeout: number): Redis => {
  options.refresh?.();
  return new Redis({
    ...commonOptions(options, commandTimeout),
    ...server,
    lazyConnect: true,
    enableOfflineQueue: false,
    // Whoever wants to know asks for INFO, and hears why it is refused.
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
 * A client for the topology that always speaks to whoever takes writes; nothing is connected yet.
 * @param commandTimeout - ms; 0 is for subscribers, which wait.
 * @param reconnects - whether it comes back by itself after its connection closed.
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
        // Only what a server refused to execute goes elsewhere. What a closing connection left unanswered may have been.
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
    // One that accepts and says nothing must not keep us from asking the next.
    sentinelCommandTimeout: options.commandTimeoutMs,
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(tls && { sentinelTLS: {}, enableTLSForSentinelMode: true }),
  };
};

/** The same condition, which after having held does not hold again for a second. */
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
