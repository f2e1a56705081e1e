import { Cluster, Redis } from 'ioredis';
import { parseRedisUrl } from '../../src/config/redis-url.ts';

/**
 * A client to look behind the service with, whatever `REDIS_URL` leads to. Over a Cluster it looks like one to a single
 * server: what has no key, or keys of several slots, goes to every master.
 */
export const openObserver = (url: string): Redis => {
  const { topology, hosts, master } = parseRedisUrl(url);
  switch (topology) {
    case 'standalone':
      return new Redis(url);
    case 'sentinel':
      return new Redis({ sentinels: [...hosts], name: master ?? '' }).on('error', ignore);
    case 'cluster':
      return asOne(new Cluster([...hosts], { shardedSubscribers: true }).on('error', ignore));
  }
};

/** Tests end servers before they end clients. */
const ignore = (): void => undefined;

type Command = (...args: (string | number)[]) => unknown;

/** Commands for a server, not for a key. */
const SERVER_COMMANDS = ['config', 'script', 'function', 'client', 'info', 'flushall'];

const asOne = (cluster: Cluster): Redis => {
  const onEach = async (run: (master: Redis) => Promise<unknown>): Promise<unknown[]> => {
    // Its masters are known only once it is connected.
    await cluster.ping();
    return Promise.all(cluster.nodes('master').map(run));
  };
  const first = async (name: string, args: (string | number)[]): Promise<unknown> =>
    (await onEach((master) => master.call(name, args)))[0];
  const own: Record<string, Command> = {
    keys: async (pattern) => (await onEach((master) => master.keys(String(pattern)))).flat(),
    del: async (...keys) => {
      const gone = await Promise.all(keys.map((key) => cluster.del(String(key))));
      return gone.reduce((sum, count) => sum + count, 0);
    },
    duplicate: () => asOne(cluster.duplicate().on('error', ignore)),
    call: async (name, ...args) =>
      SERVER_COMMANDS.includes(String(name).toLowerCase())
        ? first(String(name), args)
        : cluster.call(String(name), args),
  };
  for (const name of SERVER_COMMANDS) own[name] = (...args) => first(name, args);
  return new Proxy(cluster as unknown as Redis, {
    get: (target, name) => {
      if (typeof name === 'string' && own[name] !== undefined) return own[name];
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
};
