import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Caretaker } from '../../../src/node/caretaker.ts';
import type { PartitionState } from '../../../src/node/partition-state.ts';
import type { NodeInfo } from '../../../src/store/port/registry.ts';
import { beaten, contextOf, FakeStore } from './fakes.ts';
import { freezeTime, pass } from './rig.ts';

const PARTITIONS = 16;
const HEARTBEAT_MS = 2000;

const info = (id: string, heartbeatAgo: number): NodeInfo => ({
  id,
  name: id,
  version: '1',
  connections: 0,
  users: 0,
  startedAt: 0,
  heartbeatAgo,
});

/** One node's share of looking after the cluster, and what it did. */
class Node {
  readonly looked: string[] = [];
  readonly states: readonly PartitionState[];
  readonly caretaker: Caretaker;
  more = 0;
  fails = false;

  constructor(id: string, nodes: () => { list: readonly NodeInfo[]; at: number }) {
    const context = contextOf(new FakeStore(PARTITIONS), { nodeId: id, intervalMs: HEARTBEAT_MS });
    this.states = context.partitions.list;
    this.caretaker = new Caretaker(context, {
      upkeep: {
        reap: async (partition) => {
          this.looked.push(`reap ${partition}`);
          if (this.fails) throw new Error('away');
          return { fenced: 0, users: 0 };
        },
        sweep: async (partition, time) => {
          this.looked.push(`sweep ${partition} ${time}`);
          // The store's answer takes a turn of the loop, as any answer does.
          await new Promise((resolve) => setImmediate(resolve));
          this.more -= 1;
          return { swept: 1, more: this.more >= 0 };
        },
      },
      intervalMs: 1000,
      directory: {
        get nodes() {
          return nodes();
        },
      },
    });
    this.beat();
  }

  beat(): void {
    for (const state of this.states)
      state.answered(beaten({ micros: 77_000 }), performance.now(), performance.now());
  }

  get mine(): number[] {
    return this.caretaker.mine().map(({ partition }) => partition);
  }

  reaped(): Set<string> {
    return new Set(this.looked.filter((what) => what.startsWith('reap')));
  }
}

describe('looking after the cluster', () => {
  beforeEach(freezeTime);
  afterEach(() => {
    vi.useRealTimers();
  });
  const three = ['n1', 'n2', 'n3'];
  const at =
    (ago: Partial<Record<string, number>> = {}, asked = 0) =>
    () => ({
      list: three.map((id) => info(id, ago[id] ?? 0)),
      at: asked,
    });

  it('every partition has one node that looks after it, and nobody has them all', () => {
    const shares = three.map((id) => new Node(id, at()).mine);
    expect(shares.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: PARTITIONS }, (_, p) => p));
    for (const share of shares) expect(share.length).toBeGreaterThan(0);
  });

  it('those of a node not heard of for two heartbeats go to the others, and only those', () => {
    const before = three.map((id) => new Node(id, at()).mine);
    const alive = at({ n3: 2 * HEARTBEAT_MS - 1 });
    expect(three.map((id) => new Node(id, alive).mine)).toEqual(before);
    const dead = at({ n3: 2 * HEARTBEAT_MS });
    const [one, two] = ['n1', 'n2'].map((id) => new Node(id, dead).mine);
    expect([...(one ?? []), ...(two ?? [])]).toHaveLength(PARTITIONS);
    expect(one).toEqual(expect.arrayContaining(before[0] ?? []));
    expect(two).toEqual(expect.arrayContaining(before[1] ?? []));
  });

  it('the time since the others were asked for counts as well', async () => {
    const node = new Node('n1', at({ n2: 1000, n3: 1000 }));
    expect(node.mine.length).toBeLessThan(PARTITIONS);
    await pass(3000);
    expect(node.mine).toHaveLength(PARTITIONS);
  });

  it('a node that knows of nobody looks after everything', () => {
    expect(new Node('n1', () => ({ list: [], at: 0 })).mine).toHaveLength(PARTITIONS);
  });

  it("its own partitions are reaped and swept in every round, the others' once in five", async () => {
    const node = new Node('n1', () => at({}, performance.now())());
    const beats = setInterval(() => node.beat(), 1000);
    node.caretaker.start();
    await pass(4500);
    clearInterval(beats);
    await node.caretaker.stop();
    const times = (partition: number): number =>
      node.looked.filter((what) => what === `reap ${partition}`).length;
    const mine = new Set(node.mine);
    for (let p = 0; p < PARTITIONS; p += 1) expect(times(p)).toBe(mine.has(p) ? 5 : 1);
    expect(node.looked.some((what) => what.startsWith(`sweep ${node.mine[0]} `))).toBe(true);
  });

  it('tells the sweep the time of the partition as it is now', async () => {
    const node = new Node('n1', () => ({ list: [], at: 0 }));
    await pass(100);
    node.caretaker.start();
    await pass(1);
    await node.caretaker.stop();
    expect(node.looked).toContain('sweep 0 177');
  });

  it('sweeps on while more is due', async () => {
    const node = new Node('n1', () => ({ list: [], at: 0 }));
    node.more = 3;
    node.caretaker.start();
    await pass(1);
    await node.caretaker.stop();
    expect(node.looked.filter((what) => what.startsWith('sweep'))).toHaveLength(PARTITIONS + 3);
  });

  it('stops in the middle of that', async () => {
    const node = new Node('n1', () => ({ list: [], at: 0 }));
    node.more = Number.POSITIVE_INFINITY;
    node.caretaker.start();
    await vi.advanceTimersByTimeAsync(1);
    await node.caretaker.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('without a lease it leaves a partition to others', async () => {
    const node = new Node('n1', () => ({ list: [], at: 0 }));
    await pass(6000);
    const [first] = node.states;
    first?.answered(beaten(), performance.now(), performance.now());
    node.caretaker.start();
    await pass(1);
    await node.caretaker.stop();
    expect(node.reaped()).toEqual(new Set(['reap 0']));
  });

  it('goes on after a store that did not answer', async () => {
    const node = new Node('n1', () => ({ list: [], at: 0 }));
    node.fails = true;
    node.caretaker.start();
    await pass(10);
    node.fails = false;
    node.looked.length = 0;
    await pass(1000);
    await node.caretaker.stop();
    expect(node.reaped().size).toBe(PARTITIONS);
  });
});
