import { randomUUID } from 'node:crypto';
import { Client, type ClientOptions } from './client.ts';
import { NodeProcess } from './node-process.ts';
import { hasRedisBinary, type RedisOptions, RedisServer } from './redis-server.ts';
import { SharedRedis } from './shared-redis.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { createIssuer, type Issuer, type TokenClaims, type TokenTimes } from './tokens.ts';
import { startTopology } from './topologies/chosen-topology.ts';
import type { RedisTopology } from './topologies/redis-topology.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface ClusterOptions {
  /** How many nodes at the start. Default 2. */
  readonly nodes?: number;
  readonly env?: Env;
  /** A Redis that the test wants to break itself, or how to start one. */
  readonly redis?: RedisServer | RedisTopology | RedisOptions;
}

export interface ConnectOptions extends Omit<ClientOptions, 'token'>, TokenTimes {
  /** Index of the node, in the order they were added. Default 0. */
  readonly node?: number;
  readonly claims?: Partial<TokenClaims>;
  /** Use this token instead of a fresh one. */
  readonly token?: string;
}

/** What every test may do with its Redis; those that break it start a {@link RedisServer} and skip without one. */
export interface ClusterRedis extends Pick<RedisServer, 'url' | 'stop'> {
  /** Of a single server. */
  readonly host?: string;
  readonly port?: number;
}

/** A Redis, some nodes and an issuer they trust; everything it started ends with {@link stop}. */
export class Cluster {
  readonly redis: ClusterRedis;
  readonly issuer: Issuer;
  readonly prefix = `t${randomUUID().slice(0, 8)}`;
  readonly nodes: NodeProcess[] = [];
  readonly #proxies: TcpProxy[] = [];
  readonly #clients: Client[] = [];
  readonly #env: Env;

  private constructor(redis: ClusterRedis, issuer: Issuer, env: Env) {
    this.redis = redis;
    this.issuer = issuer;
    this.#env = env;
  }

  static async start({ nodes = 2, env = {}, redis }: ClusterOptions = {}): Promise<Cluster> {
    const server = await redisOf(redis);
    const cluster = new Cluster(server, await createIssuer(), env);
    try {
      // One after another: side by side they only slow each other down on a small machine.
      for (let i = 0; i < nodes; i++) await cluster.addNode();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** The environment of a node of this cluster. */
  env(more: Env = {}): Record<string, string | undefined> {
    return {
      REDIS_URL: this.redis.url,
      REDIS_PREFIX: this.prefix,
      PASETO_KEYS: this.issuer.publicKey,
      ...this.#env,
      ...more,
    };
  }

  async addNode(env: Env = {}, waitReady = true): Promise<NodeProcess> {
    const node = await NodeProcess.start({ env: this.env(env), waitReady });
    this.nodes.push(node);
    return node;
  }

  /** A node whose link to Redis goes through a proxy with faults. */
  async addProxiedNode(env: Env = {}): Promise<{ node: NodeProcess; proxy: TcpProxy }> {
    const { host, port } = this.redis;
    if (host === undefined || port === undefined)
      throw new Error('only a single Redis can be behind a proxy');
    const proxy = await TcpProxy.start({ host, port });
    this.#proxies.push(proxy);
    return { node: await this.addNode({ REDIS_URL: proxy.url, ...env }), proxy };
  }

  node(index = 0): NodeProcess {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`the cluster has no node ${index}`);
    return node;
  }

  token(claims: TokenClaims | string, times?: TokenTimes): Promise<string> {
    return this.issuer.token(claims, times);
  }

  /** A signed-in connection of a user. */
  async connect(user: string, options: ConnectOptions = {}): Promise<Client> {
    const { node = 0, claims = {}, token, ttlSeconds, issuedInSeconds, ...rest } = options;
    const times = {
      ...(ttlSeconds !== undefined && { ttlSeconds }),
      ...(issuedInSeconds !== undefined && { issuedInSeconds }),
    };
    const signed = token ?? (await this.token({ sub: user, ...claims }, times));
    return this.track(await Client.connect(this.node(node).wsUrl, { token: signed, ...rest }));
  }

  /** A connection that may watch everybody of its tenant and is present itself. */
  watcher(user: string, options: ConnectOptions = {}): Promise<Client> {
    return this.connect(user, {
      ...options,
      claims: { scope: 'connect watch watch:tenant', ...options.claims },
    });
  }

  /** Ends with the cluster. */
  track(client: Client): Client {
    this.#clients.push(client);
    return client;
  }

  /** Ends every client, so that the next test starts with nobody connected by the last one. */
  disconnectAll(): void {
    for (const client of this.#clients.splice(0)) client.terminate();
  }

  /** An HTTP call with a token of these claims; `null` sends none. */
  async http(
    path: string,
    {
      claims = { sub: 'reader', scope: 'read' },
      token,
      method = 'GET',
      body,
      node = 0,
      headers = {},
    }: {
      claims?: TokenClaims | null;
      token?: string;
      method?: string;
      body?: unknown;
      node?: number;
      headers?: Record<string, string>;
    } = {},
  ): Promise<HttpAnswer> {
    const bearer = token ?? (claims === null ? undefined : await this.token(claims));
    const response = await fetch(this.node(node).httpUrl + path, {
      method,
      headers: {
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : {},
    };
  }

  async stop(): Promise<void> {
    this.disconnectAll();
    await Promise.all(this.nodes.map((node) => node.kill()));
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
    await this.redis.stop();
  }
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; empty when it is not JSON. */
  readonly json: { readonly [key: string]: unknown };
}

const redisOf = async (redis: ClusterOptions['redis']): Promise<ClusterRedis> => {
  if (redis !== undefined && 'url' in redis) return redis;
  if (!hasRedisBinary) return new SharedRedis();
  return redis === undefined ? startTopology() : RedisServer.start(redis);
};
