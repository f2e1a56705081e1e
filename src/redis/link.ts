import { Cluster, Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { RedisUrl } from '../config/redis-url.ts';
import type { Metrics } from '../observability/metrics.ts';
import { type FunctionName, Library, type RawReply } from './library.ts';

export interface LinkOptions {
  readonly address: RedisUrl;
  /** Shown in `CLIENT LIST`. */
  readonly name: string;
  readonly commandTimeoutMs: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly random: () => number;
}

/** Reconnects at once, then ever more slowly up to a second, each node at a moment of its own: no storm on return. */
export const retryDelay = (attempt: number, random: () => number): number =>
  Math.min(1000, 25 * 2 ** Math.min(attempt, 6)) * (0.5 + random() / 2);

const commonOptions = (options: LinkOptions, commandTimeout: number) => ({
  connectionName: options.name,
  ...(options.address.username !== undefined && { username: options.address.username }),
  ...(options.address.password !== undefined && { password: options.address.password }),
  ...(options.address.tls && { tls: {} }),
  connectTimeout: Math.max(options.commandTimeoutMs, 1000),
  // What was not answered must not be sent again behind our back: a batch of unknown outcome is never repeated.
  autoResendUnfulfilledCommands: false,
  // And what was under way when a connection closed has failed there and then: else it waits for its timeout.
  maxRetriesPerRequest: 0,
  ...(commandTimeout > 0 && { commandTimeout, socketTimeout: commandTimeout * 2 + 1000 }),
});

/**
 * Makes a client for the topology; nothing is connected yet.
 * @param commandTimeout - ms; 0 is for subscribers, which wait.
 * @param reconnects - whether it comes back by itself after its connection closed.
 */
export const createClient = (
  options: LinkOptions,
  commandTimeout: number,
  reconnects: boolean,
): Redis | Cluster => {
  const { address, random } = options;
  const common = commonOptions(options, commandTimeout);
  const retryStrategy = (attempt: number): number | null => (reconnects ? retryDelay(attempt, random) : null);
  const lone = { ...common, lazyConnect: true, enableOfflineQueue: false, retryStrategy };
  const [host] = address.hosts;
  switch (address.topology) {
    case 'cluster':
      return new Cluster([...address.hosts], {
        lazyConnect: true,
        enableOfflineQueue: false,
        shardedSubscribers: true,
        clusterRetryStrategy: retryStrategy,
        redisOptions: common,
      });
    case 'sentinel':
      return new Redis({
        ...lone,
        sentinels: [...address.hosts],
        name: address.master ?? '',
        sentinelRetryStrategy: retryStrategy,
      });
    case 'standalone':
      return new Redis({ ...lone, ...host, db: address.db });
  }
};

/** The code a Redis error begins with (`ERR`, `OOM`, `MOVED`, …); undefined for anything else. */
export const redisErrorCode = (error: unknown): string | undefined =>
  error instanceof Error && error.name === 'ReplyError' ? /^[A-Z]+/.exec(error.message)?.[0] : undefined;

/** The command connection of a node. Every command has a deadline; nothing is queued while Redis is away. */
export class RedisLink {
  readonly #client: Redis | Cluster;
  readonly #options: LinkOptions;
  readonly #listeners = new Set<(up: boolean) => void>();
  readonly #library = new Library();
  #loading: Promise<void> | undefined;
  #up = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#client = createClient(options, options.commandTimeoutMs, true);
    this.#client.on('ready', () => this.#turn(true));
    this.#client.on('close', () => this.#turn(false));
    this.#client.on('end', () => this.#turn(false));
    this.#client.on('error', (error: Error) => options.logger.debug({ err: error }, 'redis link'));
  }

  get up(): boolean {
    return this.#up;
  }

  /** Called when the link comes up or goes down. @returns the undo. */
  onTurn(listener: (up: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #turn(up: boolean): void {
    if (up === this.#up) return;
    this.#up = up;
    this.#options.metrics.redisUp.set(up ? 1 : 0);
    if (up) this.#options.logger.info('connected to redis');
    else this.#options.logger.warn('lost the connection to redis');
    for (const listener of this.#listeners) listener(up);
  }

  /** Connects, or goes on trying in the background when Redis is away. */
  async start(): Promise<void> {
    this.#options.metrics.redisUp.set(0);
    await this.#client.connect().catch((error: Error) => {
      this.#options.logger.warn({ err: error }, 'redis is not there yet');
    });
  }

  async stop(): Promise<void> {
    this.#client.disconnect();
  }

  /** Calls a function of our library, and loads the library where Redis does not have it. */
  async run(
    name: FunctionName,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<RawReply> {
    const called = this.#library.called(name);
    const call = async (): Promise<RawReply> =>
      (await this.#client.call('FCALL', called, keys.length, ...keys, ...args)) as RawReply;
    return this.#timed(name, async () => {
      try {
        return await call();
      } catch (error) {
        // The general code is all that a missing function answers, so it is looked up before it is loaded.
        if (redisErrorCode(error) !== 'ERR' || (await this.#isLoaded())) throw error;
        await this.#load();
        return call();
      }
    });
  }

  /** Masters that have to know the library: all of them, because any may hold a partition. */
  #masters(): readonly Redis[] {
    return this.#client instanceof Cluster ? this.#client.nodes('master') : [this.#client];
  }

  async #isLoaded(): Promise<boolean> {
    const found = await Promise.all(
      this.#masters().map((master) => master.call('FUNCTION', 'LIST', 'LIBRARYNAME', this.#library.name)),
    );
    return found.every((list) => Array.isArray(list) && list.length > 0);
  }

  /** Once for all that miss it at the same time. */
  #load(): Promise<void> {
    this.#loading ??= (async () => {
      try {
        const { source } = this.#library;
        await Promise.all(
          this.#masters().map((master) => master.call('FUNCTION', 'LOAD', 'REPLACE', source)),
        );
      } finally {
        this.#loading = undefined;
      }
    })();
    return this.#loading;
  }

  /** How many replicas have everything this connection has written so far; waits that long for `count` of them. */
  async replicated(count: number, withinMs: number): Promise<number> {
    return this.#timed('wait', async () => {
      const reached = await Promise.all(this.#masters().map((master) => master.wait(count, withinMs)));
      return Math.min(...reached);
    });
  }

  /** One plain command. */
  async command(name: string, ...args: (string | number)[]): Promise<RawReply> {
    return this.#timed(name, async () => (await this.#client.call(name, args)) as RawReply);
  }

  async #timed<T>(command: string, run: () => Promise<T>): Promise<T> {
    const stop = this.#options.metrics.redisSeconds.startTimer({ command });
    try {
      return await run();
    } catch (error) {
      this.#options.metrics.redisErrors.inc({ command });
      throw error;
    } finally {
      stop();
    }
  }
}
