import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisOptions as ConnectionOptions, Redis } from 'ioredis';
import { end, hasExited, own } from './child.ts';
import { freePort } from './ports.ts';
import { until } from './until.ts';

export interface RedisOptions {
  /** `aof` writes every command to disk before it is answered, so a restart finds everything. Default `none`. */
  readonly persistence?: 'none' | 'aof';
  /** As the Redis setting, for instance `20mb`; writes beyond are refused (`noeviction`). */
  readonly maxmemory?: string;
  readonly port?: number;
  /** Further settings, as on the command line: `['--maxclients', '50']`. */
  readonly args?: readonly string[];
  /** Further environment of the process, for instance `LD_PRELOAD`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Run as a sentinel with this configuration, to which the process itself writes. */
  readonly sentinel?: string;
  /** How {@link RedisServer.client} connects, where that takes more than a port: user, password, TLS. */
  readonly connection?: Pick<ConnectionOptions, 'username' | 'password' | 'tls'>;
  /** Listen for TLS alone; `args` bring the certificates. */
  readonly tls?: boolean;
}

const HOST = '127.0.0.1';
const BINARY = process.env.ROLLCALL_REDIS_SERVER ?? 'redis-server';

/**
 * Whether there is a `redis-server` to start. Without one, tests that crash, freeze or empty Redis must be skipped; the
 * others share the Redis at `ROLLCALL_TEST_REDIS_URL`, each under a prefix of its own.
 */
export const hasRedisBinary = spawnSync(BINARY, ['--version']).status === 0;

/**
 * A Redis of one's own: a real `redis-server` (`ROLLCALL_REDIS_SERVER` or the one on the PATH) in a directory of its own,
 * that can crash, hang, and come back on the same port with or without its data.
 */
export class RedisServer {
  readonly port: number;
  readonly host: string = HOST;
  readonly #dir: string;
  readonly #options: RedisOptions;
  readonly #clients = new Set<Redis>();
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(port: number, dir: string, options: RedisOptions) {
    this.port = port;
    this.#dir = dir;
    this.#options = options;
  }

  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const dir = await mkdtemp(join(tmpdir(), 'rollcall-redis-'));
    const server = new RedisServer(options.port ?? (await freePort(HOST)), dir, options);
    if (options.sentinel !== undefined) await writeFile(server.#sentinelFile, options.sentinel);
    try {
      await server.start();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `${this.#options.tls ? 'rediss' : 'redis'}://${HOST}:${this.port}`;
  }

  /** Where its files lie; gone after {@link stop}. */
  get dir(): string {
    return this.#dir;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined || !this.running) throw new Error('redis-server is not running');
    return pid;
  }

  get running(): boolean {
    return this.#child !== undefined && !hasExited(this.#child);
  }

  /** Starts the process (again): the same port, the same directory. Resolves once it answers with its data loaded. */
  async start(): Promise<void> {
    if (this.running) return;
    const { env } = this.#options;
    const child = own(spawn(BINARY, this.#args(), { ...(env && { env: { ...process.env, ...env } }) }));
    this.#child = child;
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
    });
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-8_192);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const client = this.client();
    try {
      await until(
        async () => {
          if (failure !== undefined || hasExited(child)) return true;
          return (await client.ping()) === 'PONG';
        },
        { timeoutMs: 15_000, what: 'an answer of redis-server' },
      );
    } finally {
      client.disconnect();
    }
    if (failure !== undefined || hasExited(child)) {
      throw new Error(`redis-server did not start on port ${this.port}: ${this.#output}`, { cause: failure });
    }
  }

  /** A client of one's own, closed with the server. It never queues: a command fails at once while Redis is away. */
  client(): Redis {
    const client = new Redis({
      host: HOST,
      port: this.port,
      maxRetriesPerRequest: 0,
      commandTimeout: 5_000,
      retryStrategy: () => 50,
      ...this.#options.connection,
    });
    client.on('error', () => undefined);
    client.once('end', () => this.#clients.delete(client));
    this.#clients.add(client);
    return client;
  }

  /** One command over a connection of its own. */
  async call(command: string, ...args: (string | number)[]): Promise<unknown> {
    const client = this.client();
    try {
      return await client.call(command, ...args);
    } finally {
      client.disconnect();
    }
  }

  /** One field of `INFO`, as text. */
  async info(field: string, section = 'everything'): Promise<string | undefined> {
    const text = String(await this.call('INFO', section));
    return new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(text)?.[1];
  }

  /** `kill -9`: nothing is saved that was not on disk. */
  async kill(): Promise<void> {
    if (this.#child !== undefined) await end(this.#child, 'SIGKILL');
  }

  /** Hangs without closing anything: connections stay open and nobody answers. */
  pause(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** Kill and start on the same port; what was not on disk is gone. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** The end: process, clients and directory. Safe to call twice. */
  async stop(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    if (this.#child !== undefined) await end(this.#child, 'SIGKILL');
    await rm(this.#dir, { recursive: true, force: true });
  }

  get #sentinelFile(): string {
    return join(this.#dir, 'sentinel.conf');
  }

  #args(): string[] {
    const { persistence = 'none', maxmemory, args = [], sentinel, tls = false } = this.#options;
    const port = String(this.port);
    const listens = [...(tls ? ['--port', '0', '--tls-port', port] : ['--port', port]), '--bind', HOST];
    if (sentinel !== undefined) return [this.#sentinelFile, '--sentinel', ...listens, ...args];
    return [
      ...listens,
      ...['--dir', this.#dir, '--save', '', '--daemonize', 'no'],
      ...(persistence === 'aof'
        ? ['--appendonly', 'yes', '--appendfsync', 'always']
        : ['--appendonly', 'no']),
      ...(maxmemory === undefined ? [] : ['--maxmemory', maxmemory, '--maxmemory-policy', 'noeviction']),
      ...args,
    ];
  }
}
