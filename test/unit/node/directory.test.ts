import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Directory } from '../../../src/node/directory.ts';
import type { NodeInfo } from '../../../src/store/port/registry.ts';
import { StoreError } from '../../../src/store/port/store-error.ts';
import { FakeStore, silent } from './fakes.ts';
import { freezeTime, pass } from './rig.ts';

const self: NodeInfo = {
  id: 'n1',
  name: 'one',
  version: '1',
  connections: 3,
  users: 2,
  startedAt: 5,
  heartbeatAgo: 0,
};

describe('the directory of nodes', () => {
  let store: FakeStore;
  let refusals: string[];
  let directory: Directory;
  beforeEach(() => {
    freezeTime();
    store = new FakeStore();
    refusals = [];
    directory = new Directory({
      registry: store,
      self: () => self,
      intervalMs: 2000,
      now: () => performance.now(),
      logger: silent,
      onIncompatible: ({ message }) => refusals.push(message),
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('tells of this node with every heartbeat, and knows the others and when it asked', async () => {
    const other = { ...self, id: 'n2', heartbeatAgo: 700 };
    store.onRegister = async (me) => [me, other];
    directory.start();
    await pass(10);
    expect(directory.nodes).toEqual({ list: [self, other], at: 0 });
    await pass(2000);
    expect(store.calls).toEqual(['register n1', 'register n1']);
    expect(directory.nodes.at).toBe(2000);
    await directory.stop();
  });

  it('keeps what it knows while the registry does not answer', async () => {
    directory.start();
    await pass(10);
    store.onRegister = async () => {
      throw new StoreError('unavailable', 'away');
    };
    await pass(2000);
    expect(directory.nodes).toEqual({ list: [self], at: 0 });
    await expect(directory.ask()).rejects.toThrow('away');
    expect(refusals).toEqual([]);
    await directory.stop();
  });

  it('says so when this node does not fit the deployment', async () => {
    store.onRegister = async () => {
      throw new StoreError('incompatible', 'PARTITIONS is 8 here');
    };
    directory.start();
    await pass(10);
    expect(refusals).toEqual(['PARTITIONS is 8 here']);
    await directory.stop();
  });

  it('takes this node out when it stops, and does not mind when that fails', async () => {
    directory.start();
    await pass(10);
    await directory.stop();
    expect(store.calls.at(-1)).toBe('unregister n1');
    expect(vi.getTimerCount()).toBe(0);
    store.unregister = async () => {
      throw new Error('away');
    };
    await directory.stop();
  });
});
