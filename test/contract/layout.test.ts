import calculateSlot from 'cluster-key-slot';
import { beforeEach, describe, expect, it } from 'vitest';
import { createKeys, partitionTags } from '../../src/redis/keys.ts';
import { batchOf, beatOf, entryOf, openRawStore, type RawStore } from '../support/raw-store.ts';
import { hasRedisBinary } from '../support/redis-server.ts';
import { readStoredRow } from '../support/stored-row.ts';
import { until } from '../support/until.ts';
import { useRedis } from './use-redis.ts';

describe('hash tags', () => {
  /** Plain numbered tags are lopsided over masters: partition i lies in the i-th of PARTITIONS slices of the slots. */
  it('put each partition into its own equal slice of the slots', () => {
    for (const partitions of [1, 2, 3, 16, 64, 100]) {
      const slices = partitionTags(partitions).map((tag) =>
        Math.floor((calculateSlot(`{${tag}}`) * partitions) / 16_384),
      );
      expect(slices).toEqual(Array.from({ length: partitions }, (_, i) => i));
    }
  });

  it('leave masters that share the slots evenly with the same number of partitions, within one', () => {
    const slots = partitionTags(16).map((tag) => calculateSlot(`{${tag}}`));
    for (const masters of [2, 3, 4, 8]) {
      const counts = new Array(masters).fill(0);
      for (const slot of slots) counts[Math.floor((slot * masters) / 16_384)] += 1;
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });
});

describe('keys', () => {
  /** The free part comes last, or else a tenant could spell the key of another. */
  it('never coincide for different users of different tenants', () => {
    const [keys] = createKeys('p', 1).partitions;
    const names = [
      ['a', 'b:c'],
      ['a.b', 'c'],
      ['a', 'b'],
      ['a', ':b'],
      ['user', 'a:b'],
    ].map(([tenant = '', user = '']) => keys?.user({ tenant, user }));
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('stored rows', () => {
  const server = useRedis();
  let raw: RawStore;
  let gen: string;
  beforeEach(async () => {
    raw = await openRawStore(server.url(), { partitions: 1 });
    let reply = await raw.store.leases.beat(0, beatOf('a.0'));
    await until(async () => {
      reply = await raw.store.leases.beat(0, beatOf('a.0', { gen: reply.gen }));
      return reply.holdMs === 0;
    });
    gen = reply.gen;
    return () => raw.stop();
  });
  const keys = () => raw.keys.partitions[0] as (typeof raw.keys.partitions)[0] & object;
  const ann = { tenant: 'acme', user: 'ann' };
  const status = async () => (await raw.store.views.read('acme', ['ann']))[0]?.status;

  it('keep what a person writes, and a name and groups as long as they may be', async () => {
    const claim = { status: 'busy', text: 'x'.repeat(140), emoji: '🚲', stamp: 1 } as const;
    const groups = Array.from({ length: 64 }, (_, i) => `group-${i}-${'y'.repeat(60)}`);
    await raw.store.reports.apply(
      0,
      batchOf('a.0', gen, 1, [entryOf('ann', { claim, groups, name: 'z'.repeat(256), iat: 9 })]),
    );
    expect((await raw.store.views.read('acme', ['ann']))[0]).toMatchObject({
      status: 'busy',
      name: 'z'.repeat(256),
      text: 'x'.repeat(140),
    });
  });

  /** cjson and tostring keep 14 digits of 16: versions and times are strings made by format. */
  it('keep every digit of versions, in the row, the log, the answer and the message', async () => {
    const subscriber = raw.redis.duplicate();
    const messages: string[] = [];
    subscriber.on('smessage', (_channel, message: string) => messages.push(message));
    await subscriber.ssubscribe(keys().events);
    const reply = await raw.store.reports.apply(0, batchOf('a.0', gen, 1, [entryOf('ann')]));
    const ver = reply.result === 'ok' ? (reply.selves.get(0)?.view.ver ?? 0) : 0;
    expect(String(ver)).toMatch(/^\d{16}$/);
    expect(await readStoredRow(raw.redis, keys().user(ann))).toMatchObject({ ver });
    const [entry] = await raw.redis.xrange(keys().log, '-', '+');
    expect(entry?.[0]).toBe(`${Math.floor(ver / 1000)}-${ver % 1000}`);
    expect(entry?.[1].join(' ')).toContain(`"ver":${ver},`);
    expect((await raw.store.views.read('acme', ['ann']))[0]?.ver).toBe(ver);
    await until(() => messages.length === 1);
    expect(messages[0]).toContain(`"ver":${ver},`);
    subscriber.disconnect();
  });

  /** A log entry names its kind, and services that read the log or the channel get the same event. */
  it('publish to the tenant what the log holds', async () => {
    const subscriber = raw.redis.duplicate();
    const messages: string[] = [];
    subscriber.on('message', (_channel, message: string) => messages.push(message));
    await subscriber.subscribe(`${raw.keys.tenantEvents}acme`);
    await raw.store.reports.apply(
      0,
      batchOf('a.0', gen, 1, [entryOf('ann', { name: 'Ann', groups: ['g'], iat: 1 })]),
    );
    await until(() => messages.length === 1);
    const [entry] = await raw.redis.xrange(keys().log, '-', '+');
    const fields = Object.fromEntries(
      Array.from({ length: 4 }, (_, i) => [entry?.[1][2 * i] ?? '', entry?.[1][2 * i + 1] ?? '']),
    );
    expect(fields).toMatchObject({ k: 't', v: '1', e: messages[0] });
    const event = JSON.parse(messages[0] ?? '{}');
    expect(Object.keys(event)).toEqual([
      'tenant',
      'user',
      'status',
      'previous',
      'since',
      'ver',
      'name',
      'groups',
      'reason',
    ]);
    expect(event).toMatchObject({ status: 'online', previous: 'offline', reason: 'connect', groups: ['g'] });
    expect(event.since).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    subscriber.disconnect();
  });

  /** Log first, then state, then the sequence number: a call that is cut short repeats a transition, it loses none. */
  it('repeat a transition after a call that was cut short, under a newer version', async () => {
    await raw.redis.set(keys().online('acme'), 'not a set');
    await expect(raw.store.reports.apply(0, batchOf('a.0', gen, 1, [entryOf('ann')]))).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await raw.redis.xlen(keys().log)).toBe(1);
    expect(await raw.redis.get(keys().seq('a.0'))).toBeNull();
    await raw.redis.del(keys().online('acme'));
    await raw.redis.del(keys().user(ann));
    expect((await raw.store.reports.apply(0, batchOf('a.0', gen, 2, [entryOf('ann')], 0))).result).toBe('ok');
    const log = await raw.redis.xrange(keys().log, '-', '+');
    expect(log.map(([, fields]) => fields.join(' ').includes('"status":"online"'))).toEqual([true, true]);
    expect(await status()).toBe('online');
  });

  it('are never older than what a node has seen, even when the clock of Redis is behind', async () => {
    const ahead = Date.now() * 1000 + 3_600_000_000;
    const reply = await raw.store.reports.apply(0, {
      ...batchOf('a.0', gen, 1, [entryOf('ann')]),
      seen: ahead,
    });
    const ver = reply.result === 'ok' ? (reply.selves.get(0)?.view.ver ?? 0) : 0;
    expect(ver).toBeGreaterThan(ahead);
    const next = await raw.store.reports.apply(0, batchOf('a.0', gen, 2, [entryOf('bob')]));
    expect(next.result === 'ok' && (next.selves.get(0)?.view.ver ?? 0) > ver).toBe(true);
  });

  it('come back by themselves after the functions were flushed', async () => {
    await raw.redis.call('FUNCTION', 'FLUSH');
    expect((await raw.store.reports.apply(0, batchOf('a.0', gen, 1, [entryOf('ann')]))).result).toBe('ok');
  });

  /** A Redis out of memory must condemn nobody: beats go on, writes are refused whole. */
  it.skipIf(!hasRedisBinary)('refuse writes and allow heartbeats when Redis is out of memory', async () => {
    await raw.redis.config('SET', 'maxmemory', '1');
    try {
      await expect(
        raw.store.reports.apply(0, batchOf('a.0', gen, 1, [entryOf('ann')])),
      ).rejects.toMatchObject({
        code: 'unavailable',
      });
      expect(await raw.store.leases.beat(0, beatOf('a.0', { gen }))).toMatchObject({
        fenced: false,
        lost: false,
      });
    } finally {
      await raw.redis.config('SET', 'maxmemory', '0');
    }
    expect(await raw.redis.xlen(keys().log)).toBe(0);
  });

  it('refuse a node that is laid out differently', async () => {
    const self = {
      id: 'n',
      name: 'n',
      version: '1',
      connections: 0,
      users: 0,
      startedAt: 0,
      heartbeatAgo: 0,
    };
    expect(await raw.store.registry.register(self)).toHaveLength(1);
    const prefix = raw.keys.registry.replace(/:registry$/, '');
    const strange = await openRawStore(server.url(), { partitions: 3 }, prefix);
    await expect(strange.store.registry.register(self)).rejects.toMatchObject({ code: 'incompatible' });
    await strange.stop();
  });
});
