import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RealFeed } from './feed-rig.ts';
import { useRedis } from './use-redis.ts';

type Found = [log: string, entries: [id: string, fields: string[]][]][];

/** What docs/events.md says of the logs in Redis, done as it says. */
describe('a consumer group on the logs', () => {
  const redis = useRedis();
  let rig: RealFeed;
  beforeEach(async () => {
    rig = await RealFeed.start(redis.url());
  });
  afterEach(() => rig?.stop());

  const fieldsOf = (flat: readonly string[]): Record<string, string> =>
    Object.fromEntries(flat.flatMap((name, i) => (i % 2 ? [] : [[name, flat[i + 1] ?? '']])));

  it('shares the work, hands over what a worker left, and has every event when it drops by ver', async () => {
    const logs = rig.keys.partitions.map(({ log }) => log);
    expect(logs.every((log) => new RegExp(`^${rig.prefix}:\\{[^}]+\\}:log$`).test(log))).toBe(true);
    for (const log of logs) await rig.redis.xgroup('CREATE', log, 'crm', '$', 'MKSTREAM');
    const users = [0, 1, 2, 3].flatMap((partition) => rig.users(6, partition));
    for (const isOnline of [true, false, true]) {
      for (const partition of [0, 1, 2, 3]) await rig.write(rig.users(6, partition), isOnline);
    }
    const rows = new Map<string, { status: string; ver: number }>();
    let [applied, dropped] = [0, 0];
    const apply = (fields: Record<string, string>): void => {
      expect(fields).toMatchObject({ k: 't', v: '1' });
      const { user, status, ver } = JSON.parse(fields['e'] ?? '') as {
        user: string;
        status: string;
        ver: number;
      };
      if (ver <= (rows.get(user)?.ver ?? 0)) {
        dropped += 1;
        return;
      }
      applied += 1;
      rows.set(user, { status, ver });
    };

    // One log a call: on a Cluster they lie on several masters.
    const take = async (worker: string, log: string, count: number): Promise<Found> =>
      ((await rig.redis.xreadgroup('GROUP', 'crm', worker, 'COUNT', count, 'STREAMS', log, '>')) ??
        []) as Found;
    // The first worker takes some and dies before it has acknowledged them.
    for (const log of logs) await take('worker-1', log, 5);
    for (const log of logs) {
      for (;;) {
        const [found] = await take('worker-2', log, 7);
        if (found === undefined) break;
        for (const [id, flat] of found[1]) {
          apply(fieldsOf(flat));
          await rig.redis.xack(log, 'crm', id);
        }
      }
    }
    for (const log of logs) {
      const [, left] = (await rig.redis.call('XAUTOCLAIM', log, 'crm', 'worker-2', 0, '0')) as [
        string,
        Found[0][1],
      ];
      expect(left).toHaveLength(5);
      for (const [id, flat] of left) {
        apply(fieldsOf(flat));
        await rig.redis.xack(log, 'crm', id);
      }
      expect(((await rig.redis.xpending(log, 'crm')) as unknown[])[0]).toBe(0);
    }
    expect(Object.fromEntries([...rows].map(([user, { status }]) => [user, status]))).toEqual(
      Object.fromEntries(users.map((user) => [user, 'online'])),
    );
    expect(applied + dropped).toBe(users.length * 3);
    expect(dropped).toBeGreaterThan(0);
  });
});
