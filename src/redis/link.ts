import { setTimeout as delay } from 'node:timers/promises';
import calculateSlot from 'cluster-key-slot';
import { Cluster, type Redis } from 'ioredis';
import { connectTimeout, createClient, type Host, type LinkOptions, redisErrorCode } from './client.ts';
import { dialError } from './dial-error.ts';
import { errorLabel } from './error-label.ts';
import type { FunctionLibrary, RawReply } from './functions.ts';
import { addressText, OutageLog } from './outage-log.ts';
import { ReplicaWait } from './replica-wait.ts';
import { SentinelWatch } from './sentinel-watch.ts';

/** The command connection of a node. Every command has a deadline; nothing is queued while Redis is unreachable. */
export class RedisLink {
  readonly #client: Redis | Cluster;
  readonly #options: LinkOptions;
  readonly #listeners = new Set<(up: boolean) => void>();
  readonly #library: FunctionLibrary;
  readonly #sentinels: SentinelWatch | undefined;
  readonly #waits = new Map<Redis, ReplicaWait>();
  readonly #outage: OutageLog;
  #loading: Promise<boolean> | undefined;
  #up = false;
  /** The credentials were refused since the link was last up, and that was logged. */
  #isRefused = false;

  constructor(options: LinkOptions, library: FunctionLibrary) {
    this.#options = options;
    this.#library = library;
    this.#outage = new OutageLog({ address: options.address, log: options.logger });
    this.#client = createClient(options, options.commandTimeoutMs, true);
    this.#client.on('ready', () => void this.#ready());
    this.#client.on('close', () => this.#turn(false));
    this.#client.on('end', () => this.#turn(false));
    this.#client.on('error', (error: Error) => this.#failed(error));
    if (options.address.topology === 'sentinel') {
      this.#sentinels = new SentinelWatch(options, {
        switched: (master) => this.#moveTo(master),
        failed: (error) => this.#oneFailed(error),
      });
    }
    // A command sent to a master that is still connecting fails, so each master is connected first.
    this.#client.on('+node', (node: Redis) => {
      if (this.#client.status === 'ready') setImmediate(() => void connectMaster(node));
    });
  }

  /** A connection to one of the servers failed. */
  #oneFailed(error: Error): void {
    if (!this.#up) this.#outage.oneFailed(error);
  }

  async #unreachable(error: Error): Promise<void> {
    const [first] = this.#options.address.hosts;
    // The library keeps to itself why the servers of a Cluster could not be reached.
    if (this.#client instanceof Cluster && first !== undefined && !this.#outage.isOn) {
      const why = await dialError(first, connectTimeout(this.#options));
      if (why !== undefined) this.#oneFailed(why);
      if (this.#up || this.#client.status === 'end') return;
    }
    this.#outage.failed(error);
  }

  /** An error that ended a connection, or prevented it. */
  #failed(error: Error): void {
    const { logger, metrics, address } = this.#options;
    const code =
      redisErrorCode(error) ?? redisErrorCode((error as Error & { lastNodeError?: Error }).lastNodeError);
    if (code !== 'WRONGPASS' && code !== 'NOAUTH') {
      logger.debug({ err: error }, 'redis link');
      if (!this.#up && !this.#isRefused) void this.#unreachable(error);
      return;
    }
    metrics.redisErrors.inc({ command: 'auth', code: errorLabel(code) });
    if (this.#isRefused) return;
    this.#isRefused = true;
    this.#outage.ended();
    logger.warn(
      { reason: code },
      `redis at ${addressText(address)} refuses the user or password of REDIS_URL (${code}): give the new one in REDIS_URL and restart, or in the file of REDIS_URL_FILE, which is read again`,
    );
  }

  get up(): boolean {
    return this.#up;
  }

  /** Called when the link comes up or goes down. @returns a function that unsubscribes. */
  onTurn(listener: (up: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Leaves a master that was replaced. Every sentinel reports it, so a link that has already moved stays. */
  #moveTo({ host, port }: Host): void {
    if (this.#client instanceof Cluster || this.#client.status !== 'ready') return;
    const { remoteAddress, remotePort } = this.#client.stream;
    if (remoteAddress !== host || remotePort !== port) this.#client.disconnect(true);
  }

  async #connect(): Promise<void> {
    await this.#client.connect();
    await this.#ready();
  }

  async #ready(): Promise<void> {
    if (this.#client instanceof Cluster) await Promise.all(this.#client.nodes('master').map(connectMaster));
    if (this.#client.status === 'ready') this.#turn(true);
  }

  #turn(up: boolean): void {
    if (up === this.#up) return;
    this.#up = up;
    if (!up) this.#endWaits();
    this.#options.metrics.redisUp.set(up ? 1 : 0);
    if (up) this.#isRefused = false;
    if (up) this.#outage.ended();
    if (up) this.#options.logger.info('connected to redis');
    else this.#options.logger.warn('lost the connection to redis');
    for (const listener of this.#listeners) listener(up);
  }

  /** Connects, or continues to try in the background while Redis is unreachable. */
  async start(): Promise<void> {
    this.#options.metrics.redisUp.set(0);
    this.#sentinels?.start();
    // Why it failed was an event before; what is thrown only says that the connection closed.
    const connecting = this.#connect().then(
      () => true,
      () => true,
    );
    // With unreachable sentinels it never ends: they are tried again and again.
    const ended = await Promise.race([
      connecting,
      delay(connectTimeout(this.#options), false, { ref: false }),
    ]);
    if (!ended) this.#outage.failed(new Error('no answer yet'));
  }

  async stop(): Promise<void> {
    this.#sentinels?.stop();
    this.#endWaits();
    this.#outage.ended();
    this.#client.disconnect();
  }

  /** Calls a function of the library, and loads the library where Redis does not have it. */
  async run(
    name: string,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<RawReply> {
    const called = this.#library.called(name);
    const call = async (): Promise<RawReply> =>
      (await this.#client.call('FCALL', called, keys.length, ...keys, ...args)) as RawReply;
    return this.#timed(name, async () => {
      try {
        return await call();
      } catch (error) {
        // A missing function answers with the general error code only, so look it up before loading the library.
        if (redisErrorCode(error) !== 'ERR' || !(await this.#load())) throw error;
        return call();
      }
    });
  }

  /** Masters that need the library: all of them, because any may hold a partition. */
  #masters(): readonly Redis[] {
    return this.#client instanceof Cluster ? this.#client.nodes('master') : [this.#client];
  }

  /** Loads it once for all masters that lack it at the same time. @returns whether it was missing anywhere. */
  #load(): Promise<boolean> {
    this.#loading ??= (async () => {
      try {
        const loaded = await Promise.allSettled(this.#masters().map((master) => this.#loadInto(master)));
        return loaded.some((each) => each.status === 'fulfilled' && each.value);
      } finally {
        this.#loading = undefined;
      }
    })();
    return this.#loading;
  }

  /** A master that took over, or joined the cluster empty, lacks the library like a new one. */
  async #loadInto(master: Redis): Promise<boolean> {
    const { name, source } = this.#library;
    const found = await master.call('FUNCTION', 'LIST', 'LIBRARYNAME', name);
    if (Array.isArray(found) && found.length > 0) return false;
    await master.call('FUNCTION', 'LOAD', 'REPLACE', source);
    return true;
  }

  /**
   * How many replicas have everything written to the master of a hash; waits that long for `count`. No other command
   * waits with it. The hash gets a field `waited`.
   */
  async replicated(hash: string, count: number, withinMs: number): Promise<number> {
    return this.#timed('wait', async () => this.#waitOf(this.#masterOf(hash)).reached(hash, count, withinMs));
  }

  #waitOf(master: Redis): ReplicaWait {
    let wait = this.#waits.get(master);
    if (wait === undefined || wait.ended) {
      wait = new ReplicaWait(master);
      this.#waits.set(master, wait);
    }
    return wait;
  }

  /** Masters may have changed: pending waits end with the answer that replicas do not have it. */
  #endWaits(): void {
    for (const wait of this.#waits.values()) wait.stop();
    this.#waits.clear();
  }

  /** @throws Error when no master is known for the key: the command has failed. */
  #masterOf(key: string): Redis {
    if (!(this.#client instanceof Cluster)) return this.#client;
    const [address] = this.#client.slots[calculateSlot(key)] ?? [];
    const master = this.#client
      .nodes('master')
      .find(({ options }) => `${options.host}:${options.port}` === address);
    if (master === undefined) throw new Error(`no master is known for slot ${calculateSlot(key)}`);
    return master;
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
      this.#options.metrics.redisErrors.inc({ command, code: errorLabel(redisErrorCode(error)) });
      throw error;
    } finally {
      stop();
    }
  }
}

/** Resolves once the node is connected, or has failed to connect. */
const connectMaster = async (node: Redis): Promise<void> => {
  if (node.options.readOnly || node.status === 'ready' || node.status === 'end') return;
  if (node.status === 'wait') {
    await node.connect().catch(() => undefined);
    return;
  }
  await new Promise<void>((resolve) => {
    for (const event of ['ready', 'close', 'end']) node.once(event, () => resolve());
  });
};
