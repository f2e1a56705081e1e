import type { Redis } from 'ioredis';
import { Cluster } from 'ioredis';
import type { Violation } from './checker/violation.ts';
import type { ConnectionRecord } from './history/history.ts';
import { clock, type Recorder } from './history/recorder.ts';
import type { World } from './world/world.ts';

/**
 * When all is quiet, what Redis holds is exactly what is connected: every part of a row belongs to a node that beats and
 * counts its connections, every index says what the rows say, and no node is listed that does not live.
 */
export const audit = async (world: World, recorder: Recorder): Promise<Violation[]> => {
  const { client } = world.store;
  const found: Violation[] = [];
  const say = (what: string, user?: string): void => {
    found.push({ rule: 'audit', at: clock(), what, ...(user !== undefined && { user }) });
  };
  const open = recorder.connections.filter(
    ({ welcomeAt, end }) => welcomeAt !== undefined && end === undefined,
  );
  const masters: Redis[] = client instanceof Cluster ? client.nodes('master') : [client];
  for (const master of masters) {
    const keys = await scan(master, `${world.prefix}:*`);
    const rest = (key: string): string => key.slice(key.indexOf('}:') + 2);
    const beating = new Set(
      keys.filter((key) => rest(key).startsWith('beat:')).map((key) => rest(key).slice(5)),
    );
    for (const key of keys) {
      const name = rest(key);
      if (name.startsWith('user:default:user-')) {
        const user = name.slice('user:default:'.length);
        checkRow(await client.hgetall(key), user, open, beating, say);
      } else if (name === 'nodes') {
        for (const node of await client.smembers(key))
          if (!beating.has(node)) say(`${node} is still listed but does not beat`);
      } else if (name === 'online:default') {
        for (const user of await client.zrange(key, '0', '-1')) {
          if (!user.startsWith('user-')) continue;
          const row = await client.hget(`${key.slice(0, key.indexOf('}:') + 2)}user:default:${user}`, 'v');
          if (row === null || row.startsWith('f')) say(`listed as present, but the row says ${row}`, user);
        }
      }
    }
  }
  return found;
};

const checkRow = (
  row: Readonly<Record<string, string>>,
  user: string,
  open: readonly ConnectionRecord[],
  beating: ReadonlySet<string>,
  say: (what: string, user: string) => void,
): void => {
  let count = 0;
  for (const [field, value] of Object.entries(row)) {
    if (!field.startsWith('c:')) continue;
    const node = field.slice(2);
    if (!beating.has(node)) say(`connections of ${node}, which does not beat, are still counted`, user);
    count += Number(/^\d[0-9a-f](\d+),/.exec(value)?.[1] ?? 0);
  }
  const real = open.filter((connection) => connection.user === user).length;
  if (count !== real) say(`${real} connections are open, ${count} are counted: ${JSON.stringify(row)}`, user);
};

const scan = async (client: Redis, match: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const some of client.scanStream({ match, count: 1_000 })) keys.push(...(some as string[]));
  return keys;
};
