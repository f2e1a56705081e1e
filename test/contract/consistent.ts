import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import { userRef } from '../../src/domain/model.ts';
import type { PartitionKeys } from '../../src/redis/keys.ts';
import { readStoredRow } from '../support/stored-row.ts';

/** What is derived from rows, by key: members of the indexes, the queue of deadlines, the lists of nodes. */
type Derived = Record<string, Record<string, number>>;

const put = (derived: Derived, key: string, member: string, value: number): void => {
  derived[key] ??= {};
  derived[key][member] = value;
};

/** What the indexes of a partition would be if they were made from its rows now. */
const derive = async (redis: Redis, keys: PartitionKeys): Promise<Derived> => {
  const derived: Derived = {};
  const prefix = keys.user({ tenant: '', user: '' }).slice(0, -1);
  for (const key of await redis.keys(`${prefix}*`)) {
    const member = key.slice(prefix.length);
    const { tenant, user } = userRef(member);
    const row = await readStoredRow(redis, key);
    if (row === undefined) continue;
    if (row.status !== 'offline') put(derived, keys.online(tenant), user, 0);
    if (row.status === 'away') put(derived, keys.away(tenant), user, 0);
    if (row.status === 'busy') put(derived, keys.busy(tenant), user, 0);
    if (row.nextDeadline > 0) put(derived, keys.due, member, row.nextDeadline);
    for (const group of JSON.parse(row.rare.groups ?? '[]') as string[])
      put(derived, keys.group(tenant, group), user, 0);
    for (const { place, since } of row.rare.places ?? [])
      if (since > 0) put(derived, keys.place(tenant, place), user, since);
    for (const { node, count } of row.nodes) put(derived, keys.node(node), member, count);
  }
  return derived;
};

const stored = async (redis: Redis, keys: PartitionKeys): Promise<Derived> => {
  const derived: Derived = {};
  const base = keys.meta.slice(0, -'meta'.length);
  for (const key of await redis.keys(`${base}*`)) {
    const kind = key.slice(base.length).split(':')[0] ?? '';
    if (['online', 'away', 'busy', 'due', 'group', 'place'].includes(kind)) {
      const flat = await redis.zrange(key, '0', '-1', 'WITHSCORES');
      for (let i = 0; i < flat.length; i += 2) put(derived, key, flat[i] ?? '', Number(flat[i + 1]));
    } else if (kind === 'node') {
      for (const [member, count] of Object.entries(await redis.hgetall(key)))
        put(derived, key, member, Number(count));
    }
  }
  return derived;
};

/** Indexes, deadlines and the work lists of reapers say exactly what the rows say. */
export const expectConsistent = async (redis: Redis, keys: PartitionKeys): Promise<void> => {
  expect(await stored(redis, keys)).toEqual(await derive(redis, keys));
};
