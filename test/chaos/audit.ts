import type { Redis } from 'ioredis';
import { Cluster } from 'ioredis';
import { readStoredRow, type StoredHolding } from '../support/stored-row.ts';
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
    const tagOf = (key: string): string => key.slice(0, key.indexOf('}:') + 2);
    const beating = new Set(
      keys.filter((key) => rest(key).startsWith('beat:')).map((key) => rest(key).slice(5)),
    );
    for (const key of keys) {
      const name = rest(key);
      if (name.startsWith('user:default:user-')) {
        const user = name.slice('user:default:'.length);
        const row = await readStoredRow(master, key);
        const here = row && (row.status === 'offline' ? null : '0');
        const listed = await master.zscore(`${tagOf(key)}online:default`, user);
        if (row !== undefined && here !== listed)
          say(`the row says ${row.status}, the index ${listed}`, user);
        checkParts(row?.nodes ?? [], user, open, beating, say);
      } else if (name === 'nodes') {
        for (const node of await master.smembers(key))
          if (!beating.has(node)) say(`${node} is still listed but does not beat`);
      }
    }
  }
  return found;
};

const checkParts = (
  parts: readonly StoredHolding[],
  user: string,
  open: readonly ConnectionRecord[],
  beating: ReadonlySet<string>,
  say: (what: string, user: string) => void,
): void => {
  for (const { node } of parts)
    if (!beating.has(node)) say(`connections of ${node}, which does not beat, are still counted`, user);
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const real = open.filter((connection) => connection.user === user).length;
  if (count !== real)
    say(`${real} connections are open, ${count} are counted: ${JSON.stringify(parts)}`, user);
};

const scan = async (client: Redis, match: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const some of client.scanStream({ match, count: 1_000 })) keys.push(...(some as string[]));
  return keys;
};
