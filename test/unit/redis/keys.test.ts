import calculateSlot from 'cluster-key-slot';
import { describe, expect, it } from 'vitest';
import { createKeys, type PartitionKeys, partitionTags } from '../../../src/redis/keys.ts';
import { partitionOf, positionsByPartition } from '../../../src/store/partition.ts';
import fc from '../../support/fast-check.ts';

const SLOTS = 16_384;
const slotOf = (tag: string): number => calculateSlot(`{${tag}}`);

describe('hash tags', () => {
  /** "Tags are chosen so that partition i lies in the i-th of PARTITIONS equal slices of the slots." */
  it('put partition i into the i-th of equal slices, for any number of partitions', () => {
    for (let partitions = 1; partitions <= 128; partitions += 1) {
      const tags = partitionTags(partitions);
      expect(new Set(tags).size).toBe(partitions);
      tags.forEach((tag, i) => {
        const slot = slotOf(tag);
        expect(slot).toBeGreaterThanOrEqual((i * SLOTS) / partitions);
        expect(slot).toBeLessThan(((i + 1) * SLOTS) / partitions);
      });
    }
  });

  it.each([3, 4, 6])('share the partitions evenly over %i masters that share the slots evenly', (masters) => {
    for (let partitions = 1; partitions <= 128; partitions += 1) {
      const counts = new Array<number>(masters).fill(0);
      for (const tag of partitionTags(partitions)) {
        const master = Math.floor((slotOf(tag) * masters) / SLOTS);
        counts[master] = (counts[master] ?? 0) + 1;
      }
      // A slice that lies across the border of two masters may fall to either.
      const [least, most] = [Math.min(...counts), Math.max(...counts)];
      expect(most - least).toBeLessThanOrEqual(partitions % masters === 0 ? 0 : 2);
    }
  });

  /** Simply numbered, 16 partitions leave every other of eight masters with none. */
  it('are chosen, because numbered ones are lopsided', () => {
    const masters = new Set(Array.from({ length: 16 }, (_, i) => Math.floor((slotOf(`p${i}`) * 8) / SLOTS)));
    expect(masters.size).toBe(4);
    expect(new Set(partitionTags(16).map((tag) => Math.floor((slotOf(tag) * 8) / SLOTS))).size).toBe(8);
  });
});

/** Both decide where data lies: a release that changes them finds nothing of what is stored. */
describe('the layout of a deployment', () => {
  it('never changes', () => {
    expect(partitionTags(16)).toEqual(TAGS_OF_16);
    const [keys] = createKeys('rollcall', 16).partitions;
    const ann = { tenant: 'default', user: 'ann' };
    expect(keys?.user(ann)).toBe(`rollcall:{${TAGS_OF_16[0]}}:user:default:ann`);
    expect(
      ['ann', 'bob', 'é', 'a:b', ''].map((user) => partitionOf({ tenant: 'default', user }, 16)),
    ).toEqual(PARTITIONS_OF_16);
  });

  it('spreads users evenly over the partitions', () => {
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 16_000; i += 1) {
      const partition = partitionOf({ tenant: 'acme', user: `user-${i}` }, 16);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });

  it('does not mistake a tenant and a user for others that spell the same together', () => {
    const same = Array.from({ length: 64 }, (_, i) => [
      partitionOf({ tenant: `a${i}`, user: 'b' }, 128),
      partitionOf({ tenant: 'a', user: `${i}b` }, 128),
    ]).filter(([one, other]) => one === other);
    expect(same.length).toBeLessThan(8);
  });
});

const tenant = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/);
const user = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.constantFrom('a', ':', 'a:b', 'user:a', '{x}', 'online:a:b', 'n.0'),
);
const node = fc.stringMatching(/^[a-f0-9]{4}\.[0-9]$/);

describe('keys', () => {
  const [keys] = createKeys('p', 1).partitions as [PartitionKeys];
  /** Every kind of key with everything that may be put into it. */
  const named = fc.oneof(
    fc
      .record({ tenant, user })
      .map(({ tenant, user }) => ({ of: `user|${tenant}|${user}`, key: keys.user({ tenant, user }) })),
    fc
      .record({ kind: fc.constantFrom('online', 'away', 'busy'), tenant })
      .map(({ kind, tenant }) => ({ of: `${kind}|${tenant}`, key: keys[kind as 'online'](tenant) })),
    fc
      .record({ kind: fc.constantFrom('group', 'place', 'putOut'), tenant, of: user })
      .map(({ kind, tenant, of }) => ({
        of: `${kind}|${tenant}|${of}`,
        key: keys[kind as 'group'](tenant, of),
      })),
    fc
      .record({ kind: fc.constantFrom('beat', 'node', 'nodeMeta', 'seq', 'fence'), node })
      .map(({ kind, node }) => ({ of: `${kind}|${node}`, key: keys[kind as 'beat'](node) })),
    fc
      .constantFrom('meta', 'log', 'placeLog', 'events', 'due', 'nodes')
      .map((kind) => ({ of: kind, key: keys[kind as 'meta'] })),
  );

  /** "The free part of a key comes last (otherwise tenants collide)." */
  it('are the same only for the same thing', () => {
    fc.assert(
      fc.property(named, named, (one, other) => {
        expect(one.key === other.key).toBe(one.of === other.of);
      }),
      { numRuns: 2000 },
    );
  });

  it('of a partition lie in its slot, whatever braces a user id has', () => {
    fc.assert(
      fc.property(tenant, user, node, fc.nat(15), (tenant, user, node, p) => {
        const each = createKeys('pre.fix', 16).partitions[p] as PartitionKeys;
        const slot = calculateSlot(each.meta);
        const all = [
          each.user({ tenant, user }),
          each.online(tenant),
          each.beat(node),
          each.node(node),
          each.nodeMeta(node),
          each.seq(node),
          each.fence(node),
          each.log,
          each.placeLog,
          each.place(tenant, user),
          each.putOut(tenant, user),
          each.events,
          each.due,
          each.nodes,
        ];
        for (const key of all) expect(calculateSlot(key)).toBe(slot);
      }),
    );
  });

  it('of deployments with different prefixes share nothing', () => {
    const [one, other] = [createKeys('a', 4), createKeys('a.b', 4)];
    expect(one.registry).not.toBe(other.registry);
    expect(one.tenantEvents).toBe('a:events:');
    one.partitions.forEach(({ meta }, i) => {
      expect(meta).not.toBe(other.partitions[i]?.meta);
    });
  });
});

describe('positions by partition', () => {
  it('ask each partition once, and put every answer back where it was asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 40 }), (items) => {
        const groups = positionsByPartition(items, (item) => item % 4);
        const back: number[] = new Array(items.length);
        for (const [partition, group] of groups) {
          for (const { item, position } of group) {
            expect(item % 4).toBe(partition);
            back[position] = item;
          }
        }
        expect(back).toEqual(items);
      }),
    );
  });
});

const TAGS_OF_16 = ['10', '3', '1a', 'b', '11', '2', '1d', 'c', '12', '1', '1c', 'd', '13', '0', '1b', 'a'];
const PARTITIONS_OF_16 = [10, 9, 14, 1, 8];
