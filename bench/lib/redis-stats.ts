import { connect } from 'node:net';
import { createInterface } from 'node:readline';
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
 * is the only view of Redis that tells the two apart; over a plain socket, because a client library may take the first
 * lines for answers.
 */
export const monitored = async (redis: RedisServer, forMs: number): Promise<Map<string, number>> => {
  const counts = new Map<string, number>();
  const socket = connect({ host: redis.host, port: redis.port });
  const lines = createInterface({ input: socket });
  lines.on('line', (line) => {
    // +1700000000.123456 [0 127.0.0.1:40000] "GET" "key"; a script's own commands say `lua` for the address.
    const [, source, name = ''] = /^\+[\d.]+ \[\d+ (\S+)\] "(\w+)"/.exec(line) ?? [];
    if (source === undefined || source === 'lua') return;
    const key = name.toLowerCase();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  socket.write('MONITOR\r\n');
  await new Promise((resolve) => setTimeout(resolve, forMs));
  lines.close();
  socket.destroy();
  return counts;
};
