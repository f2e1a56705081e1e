import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { UserRef } from '../../../src/domain/model.ts';
import { Heartbeat } from '../../../src/node/heartbeat.ts';
import type { PartitionState } from '../../../src/node/partition-state.ts';
import type { BeatReply } from '../../../src/store/port/leases.ts';
import { beaten, contextOf, FakeStore, gate } from './fakes.ts';
import { freezeTime, pass, turn } from './rig.ts';

const INTERVAL_MS = 2000;

describe('the heartbeat of a node', () => {
  let store: FakeStore;
  let states: readonly PartitionState[];
  let heartbeat: Heartbeat;
  let said: string[];
  const lags = [0, 0];
  const stuck = new Set<number>();

  const build = (partitions: number): void => {
    store = new FakeStore(partitions);
    said = [];
    const context = contextOf(store, { intervalMs: INTERVAL_MS });
    states = context.partitions.list;
    heartbeat = new Heartbeat(context, {
      leases: store,
      feed: {
        expect: (partition, gen, last, clock) => said.push(`feed ${partition} ${gen} ${last} ${clock}`),
      },
      flusher: {
        lag: (partition) => lags[partition] ?? 0,
        isStuck: (partition) => stuck.has(partition),
        wake: (partition) => said.push(`wake ${partition}`),
      },
      roster: {
        reassert: (partition) => said.push(`reassert ${partition}`),
        rejoin: (partition) => said.push(`rejoin ${partition}`),
        takeBack: (listed) => said.push(`take back ${listed.map(({ user }) => user).join(' ')}`),
        tend: () => said.push('tend'),
      },
      revocations: { tellAgain: (partition) => said.push(`lost ${partition}`) },
      health: { refresh: () => said.push('beat') },
    });
  };
  const state = (): PartitionState => states[0] as PartitionState;

  beforeEach(() => {
    freezeTime();
    build(1);
  });
  afterEach(() => {
    heartbeat.stop();
    vi.useRealTimers();
  });

  it('beats every partition at once and then in every interval', async () => {
    build(2);
    heartbeat.start();
    heartbeat.start();
    await turn();
    expect(store.beats.map(({ partition }) => partition)).toEqual([0, 1]);
    await pass(2 * INTERVAL_MS);
    expect(store.beats).toHaveLength(6);
  });

  it('lets partitions take turns, so that the one heard of longest ago changes every second', async () => {
    build(4);
    heartbeat.start();
    await turn();
    for (const turnOf of [
      [1, 3],
      [0, 2],
      [1, 3],
      [0, 2],
    ]) {
      store.beats.splice(0);
      await pass(1_000);
      expect(store.beats.map(({ partition }) => partition)).toEqual(turnOf);
    }
  });

  it('tells what it remembers: generation, time, what was acknowledged and the age of what was not', async () => {
    heartbeat.start();
    await turn();
    expect(store.beats[0]?.beat).toEqual({
      node: 'n1.0',
      seen: 0,
      delivered: 0,
      time: 0,
      acked: 0,
      lagMs: 0,
    });
    state().acked = 7;
    heartbeat.saw(0, 5000);
    lags[0] = 321;
    await pass(INTERVAL_MS);
    expect(store.beats[1]?.beat).toEqual({
      node: 'n1.0',
      gen: 'g1',
      seen: 5000,
      delivered: 5000,
      time: expect.any(Number),
      acked: 7,
      lagMs: 321,
    });
    lags[0] = 0;
  });

  it('passes on what the answer says', async () => {
    store.onBeat = async () => beaten({ last: 42, clock: 77 });
    heartbeat.start();
    await turn();
    expect(said).toEqual(['tend', 'wake 0', 'feed 0 g1 42 77', 'beat']);
  });

  it('never has two under way in one partition, and the lease counts from the sending', async () => {
    const reply = gate<BeatReply>();
    store.onBeat = () => reply.promise;
    heartbeat.start();
    await pass(3 * INTERVAL_MS);
    expect(store.beats).toHaveLength(1);
    reply.resolve(beaten());
    await turn();
    expect(state().mayWrite(performance.now(), 6000)).toBe(false);
    expect(state().mayWrite(performance.now(), 6001)).toBe(true);
  });

  it('goes on after one that failed', async () => {
    store.onBeat = async () => {
      throw new Error('away');
    };
    heartbeat.start();
    await pass(INTERVAL_MS);
    expect(store.beats).toHaveLength(2);
    expect(said.filter((what) => what === 'beat')).toHaveLength(2);
  });

  it('asks at once when a write was refused, once more when one is under way', async () => {
    heartbeat.start();
    await turn();
    heartbeat.beatNow(state());
    heartbeat.beatNow(state());
    heartbeat.beatNow(state());
    expect(store.beats).toHaveLength(2);
    await turn();
    expect(store.beats).toHaveLength(3);
  });

  it('asks in every partition at once when the link came back, not waiting for what went with the old one', async () => {
    const lost = gate<BeatReply>();
    store.onBeat = () => lost.promise;
    heartbeat.start();
    await pass(100);
    store.onBeat = async () => beaten({ gen: 'g2' });
    heartbeat.beatAll();
    await turn();
    expect(state().gen).toBe('g2');
    lost.reject(new Error('the command timed out'));
    await turn();
    await pass(INTERVAL_MS);
    expect(store.beats).toHaveLength(3);
  });

  it('says how late others may be that were without the store as well', async () => {
    heartbeat.start();
    await turn();
    heartbeat.beatAll(1700);
    await turn();
    expect(store.beats.at(-1)?.beat.lagMs).toBe(1700);
    await pass(INTERVAL_MS);
    expect(store.beats.at(-1)?.beat.lagMs).toBe(0);
  });

  it('never has two under way on the new link either, whatever becomes of those on the old one', async () => {
    const [old, young] = [gate<BeatReply>(), gate<BeatReply>()];
    store.onBeat = () => old.promise;
    heartbeat.start();
    await pass(100);
    store.onBeat = () => young.promise;
    heartbeat.beatAll();
    old.reject(new Error('closed'));
    await pass(2 * INTERVAL_MS);
    expect(store.beats).toHaveLength(2);
    young.resolve(beaten());
    await pass(INTERVAL_MS);
    expect(store.beats).toHaveLength(3);
  });

  describe('that was fenced', () => {
    it('beats again at once under a new epoch and has everybody asked and told again', async () => {
      heartbeat.start();
      await turn();
      said.length = 0;
      store.onBeat = async ({ node }) => beaten({ fenced: node === 'n1.0' });
      await pass(INTERVAL_MS);
      expect(store.beats.slice(1).map(({ beat }) => beat.node)).toEqual(['n1.0', 'n1.1']);
      expect(said.filter((what) => what !== 'beat' && what !== 'tend')).toEqual([
        'rejoin 0',
        'wake 0',
        'feed 0 g1 0 1000',
        'take back ',
      ]);
      expect(state().acked).toBe(0);
    });

    it('does so again as often as it happens', async () => {
      store.onBeat = async ({ node }) => beaten({ fenced: !node.endsWith('.3') });
      heartbeat.start();
      await turn();
      await turn();
      expect(state().epoch).toBe(3);
      expect(said).toContain('rejoin 0');
    });

    it('may not write until it has beaten again', async () => {
      heartbeat.start();
      await turn();
      const rejoin = gate<BeatReply>();
      store.onBeat = ({ node }) =>
        node === 'n1.0' ? Promise.resolve(beaten({ fenced: true })) : rejoin.promise;
      await pass(INTERVAL_MS);
      expect(state().mayWrite(performance.now(), 6000)).toBe(false);
      rejoin.resolve(beaten());
      await turn();
      expect(state().mayWrite(performance.now(), 6000)).toBe(true);
    });
  });

  describe('that finds data lost', () => {
    it('forgets what was acknowledged, has everything told again and takes back what is listed', async () => {
      heartbeat.start();
      await turn();
      state().acked = 9;
      heartbeat.saw(0, 5000);
      store.onBeat = async () => beaten({ gen: 'g2', lost: true });
      store.onHeld = async () => [{ tenant: 'acme', user: 'ghost' }];
      said.length = 0;
      heartbeat.beatNow(state());
      await turn();
      expect(said).toEqual(['lost 0', 'reassert 0', 'wake 0', 'feed 0 g2 0 1000', 'beat', 'take back ghost']);
      expect(store.calls).toEqual(['held 0 n1.0']);
      expect(state()).toMatchObject({ gen: 'g2', acked: 0, delivered: 0 });
    });

    /** A store that came back empty has no fence either for a node that slept meanwhile. */
    it.each([
      ['its own clock', 6000, 0],
      ['the clock of the store alone', 0, 6000],
    ])('has everybody asked first when it slept longer than its lease by %s', async (_, own, stores) => {
      heartbeat.start();
      await turn();
      heartbeat.stop();
      await pass(own);
      store.onBeat = async () => beaten({ gen: 'g2', lost: true, micros: 1000 + (own + stores) * 1000 });
      heartbeat.start();
      await turn();
      expect(said).toContain('rejoin 0');
      expect(said).not.toContain('reassert 0');
    });

    it('takes back with a later beat when the list cannot be read, without telling everything twice', async () => {
      store.onBeat = async () => beaten({ lost: store.beats.length === 1 });
      let failures = 2;
      store.onHeld = async () => {
        failures -= 1;
        if (failures >= 0) throw new Error('away');
        return [{ tenant: 'acme', user: 'ghost' }];
      };
      heartbeat.start();
      await pass(INTERVAL_MS);
      expect(said.filter((what) => what.startsWith('take'))).toEqual([]);
      await pass(3 * INTERVAL_MS);
      expect(said.filter((what) => what.startsWith('take') || what.startsWith('reassert'))).toEqual([
        'reassert 0',
        'take back ghost',
      ]);
      expect(store.calls).toHaveLength(3);
    });

    it('keeps beating while the list is being read', async () => {
      store.onBeat = async () => beaten({ lost: store.beats.length === 1 });
      store.onHeld = () => gate<UserRef[]>().promise;
      heartbeat.start();
      await pass(3 * INTERVAL_MS);
      expect(store.beats).toHaveLength(4);
      expect(store.calls).toHaveLength(1);
    });

    it('does not take a list of a store that was lost again for that of the new one', async () => {
      const old = gate<UserRef[]>();
      store.onBeat = async () => beaten({ gen: `g${store.beats.length}`, lost: store.beats.length < 3 });
      store.onHeld = () => old.promise;
      heartbeat.start();
      await pass(INTERVAL_MS);
      store.onHeld = async () => [{ tenant: 'acme', user: 'new' }];
      old.resolve([{ tenant: 'acme', user: 'old' }]);
      await pass(INTERVAL_MS);
      expect(said.filter((what) => what.startsWith('take'))).toEqual(['take back new']);
    });
  });

  it('looks at a young partition as soon as it may have come of age', async () => {
    store.onBeat = async () => beaten({ young: store.beats.length < 3, holdMs: 300 });
    heartbeat.start();
    await turn();
    expect(state().young).toBe(true);
    await pass(700);
    expect(state().young).toBe(false);
    expect(store.beats).toHaveLength(3);
  });

  it('after stopping sends nothing, takes in nothing, and leaves no timer', async () => {
    store.onBeat = async () => beaten({ young: true, holdMs: 300 });
    heartbeat.start();
    await turn();
    const late = gate<BeatReply>();
    store.onBeat = () => late.promise;
    heartbeat.beatNow(state());
    said.length = 0;
    heartbeat.stop();
    heartbeat.stop();
    heartbeat.beatNow(state());
    heartbeat.beatAll();
    late.resolve(beaten({ lost: true }));
    await pass(3 * INTERVAL_MS);
    expect(store.beats).toHaveLength(2);
    expect(said).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
