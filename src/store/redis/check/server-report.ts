import { type Host, redisErrorCode, type ServerClient } from '../../../redis/client.ts';
import { needing } from './rights.ts';
import { isWrongTls } from './tls-errors.ts';

/** What one server reports about itself. */
export interface ServerReport {
  readonly mode: 'standalone' | 'sentinel' | 'cluster';
  /** As `7.0.15`. */
  readonly version: string;
  readonly isReplica: boolean;
  /** What it does when its memory is full. */
  readonly maxmemoryPolicy: string;
  readonly replicas: number;
  /** `min-replicas-to-write` is set. */
  readonly needsReplicas: boolean;
}

/** No server answers there, or not yet: to be tried again. */
export class ServerAway extends Error {
  readonly code = 'server_away';
  constructor(server: Host, options?: ErrorOptions) {
    const { cause } = options ?? {};
    super(
      `${server.host}:${server.port} does not answer${cause instanceof Error ? `: ${cause.message}` : ''}`,
      options,
    );
    this.name = 'ServerAway';
  }
}

/** A server answers there and refuses the connection as it is configured. */
export class ServerRefused extends Error {
  readonly code = 'server_refused';
  readonly reason: 'credentials' | 'no_credentials' | 'tls';
  constructor(reason: ServerRefused['reason'], cause: Error) {
    super(cause.message, { cause });
    this.name = 'ServerRefused';
    this.reason = reason;
  }
}

/**
 * Connects a fresh client.
 * @throws ServerAway, ServerRefused
 */
export const connectServer = async (client: ServerClient, server: Host): Promise<void> => {
  // The promise only says that the connection closed; the reason arrives as an event.
  let reason: Error | undefined;
  client.on('error', (error: Error) => {
    reason ??= error;
  });
  try {
    await client.connect();
  } catch (error) {
    throw refusal(reason ?? error) ?? new ServerAway(server, { cause: reason ?? error });
  }
};

const refusal = (error: unknown): ServerRefused | undefined => {
  if (!(error instanceof Error)) return undefined;
  const code = redisErrorCode(error);
  if (code === 'WRONGPASS') return new ServerRefused('credentials', error);
  if (code === 'NOAUTH') return new ServerRefused('no_credentials', error);
  return isWrongTls(error) ? new ServerRefused('tls', error) : undefined;
};

/**
 * Asks a connected server who it is.
 * @throws ServerAway while it loads its data, ServerRefused, NotAllowed
 */
export const askServer = async (client: ServerClient, server: Host): Promise<ServerReport> => {
  let text: string;
  try {
    text = await needing('+info', () => client.info());
  } catch (error) {
    const refused = refusal(error);
    if (refused !== undefined) throw refused;
    if (redisErrorCode(error) === undefined && error instanceof Error && !('right' in error)) {
      throw new ServerAway(server, { cause: error });
    }
    throw error;
  }
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(text)?.[1];
  if (field('loading') === '1') throw new ServerAway(server, { cause: new Error('it is loading its data') });
  const mode = field('redis_mode');
  return {
    mode: mode === 'sentinel' || mode === 'cluster' ? mode : 'standalone',
    version: field('redis_version') ?? '0',
    isReplica: field('role') === 'slave',
    maxmemoryPolicy: field('maxmemory_policy') ?? 'noeviction',
    replicas: Number(field('connected_slaves') ?? 0),
    needsReplicas: field('min_slaves_good_slaves') !== undefined,
  };
};
