import type { RedisServer } from '../../test/support/redis-server.ts';

const SCRIPTS = ['evalsha', 'eval', 'evalsha_ro', 'eval_ro', 'fcall', 'fcall_ro'];

/** How many script calls the server has answered since it started. */
export const scriptCalls = async (redis: RedisServer): Promise<number> => {
  const text = String(await redis.call('INFO', 'commandstats'));
  let calls = 0;
  for (const name of SCRIPTS) {
    calls += Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  }
  return calls;
};

/** User and system time of the server, seconds. */
export const redisCpu = async (redis: RedisServer): Promise<number> =>
  Number(await redis.info('used_cpu_user')) + Number(await redis.info('used_cpu_sys'));

export const usedMemory = async (redis: RedisServer): Promise<number> =>
  Number(await redis.info('used_memory', 'memory'));

/**
 * Commands that clients send while a time passes, by name; commands that scripts run inside are not counted. `MONITOR`
 * is the only view of Redis that tells the two apart.
 */
export const monitored = async (redis: RedisServer, forMs: number): Promise<Map<string, number>> => {
  const counts = new Map<string, number>();
  const client = redis.client();
  const monitor = await client.monitor();
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    if (source === 'lua') return;
    const name = (args[0] ?? '').toLowerCase();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  });
  await new Promise((resolve) => setTimeout(resolve, forMs));
  monitor.disconnect();
  client.disconnect();
  return counts;
};
