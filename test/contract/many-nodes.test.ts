import { describe, expect, it } from 'vitest';
import { MAX_NODES } from '../../src/domain/row.ts';
import { describeBothStores, ref } from './both-stores.ts';
import { START, TENANT, Timeline } from './timeline.ts';
import { useRedis } from './use-redis.ts';

const NODES = 300;
const nodes = Array.from({ length: NODES }, (_, i) => `n${i}.0`);

/** A count of nodes in one byte said 44 for 300: the connections of 256 nodes were forgotten without a word. */
describeBothStores((both) => {
  it('counts the connections of a user on 300 nodes, until the last one goes', async () => {
    for (const node of nodes) await both.opens(node, 'ann');
    const held = async () => (await both.store.views.explain(ref('ann'))).nodes.map(({ node }) => node);
    expect(await held()).toEqual([...nodes].sort());
    const goes = (node: string) => both.opens(node, 'ann', { count: 0, openedAgo: 0 });
    for (const node of nodes.slice(0, -1)) await goes(node);
    expect(await held()).toEqual([nodes.at(-1)]);
    expect((await both.view('ann')).status).toBe('online');
    await goes(nodes.at(-1) as string);
    expect(await both.story()).toEqual(['ann online connect', 'ann offline goodbye']);
  });
});

describe('stored rows', () => {
  const server = useRedis();

  const packed = (layout: 3 | 4, count: number): Buffer => {
    const head =
      layout === 3 ? Buffer.from([3, 0, 1, count]) : Buffer.from([4, 0, 1, count % 256, count >> 8]);
    const numbers = Buffer.alloc(4 * 8);
    [START * 1000, START, 0, 0].forEach((number, i) => {
      numbers.writeDoubleLE(number, i * 8);
    });
    const parts = Array.from({ length: count }, (_, i) => {
      const part = Buffer.alloc(21);
      part.writeUInt8(1, 1);
      part.writeUInt16LE(1, 2);
      part.writeDoubleLE(START, 4);
      part.writeDoubleLE(START, 12);
      const name = Buffer.from(`old${i}.0`);
      part.writeUInt8(name.length, 20);
      return Buffer.concat([part, name]);
    });
    return Buffer.concat([head, numbers, ...parts]);
  };

  it('of 255 nodes and fewer are counted in one byte', async () => {
    const line = await Timeline.running(server.url(), ['a.0', 'b.0', 'c.0']);
    try {
      await line.redis.set(line.keys.user({ tenant: TENANT, user: 'ann' }), packed(3, 254));
      await line.opens('a.0', 'ann');
      expect(await line.row('ann')).toMatchObject({ layout: 3, status: 'online' });
      expect((await line.row('ann'))?.nodes).toHaveLength(255);
      await line.opens('b.0', 'ann');
      expect(await line.row('ann')).toMatchObject({ layout: 4, status: 'online' });
      expect((await line.row('ann'))?.nodes).toHaveLength(256);
    } finally {
      await line.stop();
    }
  });

  /** Each call that concerns a user reads and writes their row: 70,000 nodes in it would be 4 MB a call. */
  it('take no more nodes than the bound, and keep those they have', async () => {
    const line = await Timeline.running(server.url(), ['a.0', 'b.0', 'c.0']);
    try {
      await line.redis.set(line.keys.user({ tenant: TENANT, user: 'ann' }), packed(4, MAX_NODES - 1));
      for (const node of ['a.0', 'b.0', 'c.0']) await line.opens(node, 'ann');
      const names = (await line.row('ann'))?.nodes.map(({ node }) => node) ?? [];
      expect(names).toHaveLength(MAX_NODES);
      expect([names[0], names.at(-1)]).toEqual(['old0.0', 'a.0']);
      expect(await line.status('ann')).toBe('online');
    } finally {
      await line.stop();
    }
  });
});
