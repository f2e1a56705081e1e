import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { changes, expectRisingVersions } from '../support/history.ts';
import { until } from '../support/until.ts';

const PEOPLE = 150;
/** Close to the longest text that is allowed, of the widest characters. */
const TEXT = '\u{1F980}'.repeat(60);
const ROUNDS_AT_MOST = 400;

describe('slow watchers are bounded: a watcher that does not read', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: 2,
      // Everybody changes far more often than a person may be shown to.
      env: { FRAME_RATE: '1000', FRAME_BURST: '1000', FANOUT_WINDOW_MS: '5', TRANSITION_INTERVAL_MS: '0' },
    });
  });
  afterAll(() => cluster?.stop());

  it('costs bounded memory, delays nobody, and gets the newest state when it reads again', async () => {
    const names = Array.from({ length: PEOPLE }, (_, i) => `person-${i}`);
    const slow = await cluster.connect('slow');
    const quick = await cluster.connect('quick');
    await slow.watch({ users: names });
    await quick.watch({ users: names });
    const people: Client[] = [];
    for (const name of names) people.push(await cluster.connect(name, { node: 1 }));
    for (const name of names) await quick.sees(name, 'online');
    const rss = (): Promise<number> => cluster.node(0).metric('rollcall_process_resident_memory_bytes');
    const before = await rss();

    slow.pauseReading();
    // Until the sockets' own buffers are full and the node begins to merge: how much that takes is the kernel's choice.
    let round = 0;
    let slowest = 0;
    const state = (i: number): string => `${round} ${i} ${TEXT}`;
    const nextRound = async (): Promise<void> => {
      round++;
      const from = performance.now();
      for (const [i, person] of people.entries()) {
        person.send({ type: 'status', status: round % 2 === 0 ? 'busy' : 'away', text: state(i) });
      }
      await quick.until(() => names.every((name, i) => quick.last(name)?.text === state(i)));
      slowest = Math.max(slowest, performance.now() - from);
    };
    const merged = await cluster.node(0).metric('rollcall_conflated_total');
    await until(
      async () => {
        for (let i = 0; i < 10; i++) await nextRound();
        // Well beyond what the quick watcher's own windows may merge.
        const now = await cluster.node(0).metric('rollcall_conflated_total');
        return now - merged > 20 * PEOPLE || round >= ROUNDS_AT_MOST;
      },
      { timeoutMs: 40_000, what: 'the node to merge for the slow watcher' },
    );
    expect(round).toBeLessThan(ROUNDS_AT_MOST);
    expect(slowest).toBeLessThan(1_500);
    expect((await rss()) - before).toBeLessThan(64 * 1024 * 1024);
    expect(slow.closed).toBeUndefined();

    slow.resumeReading();
    await slow.until(() => names.every((name) => slow.last(name)?.ver === quick.last(name)?.ver), {
      what: 'the newest state of everybody',
    });
    for (const name of names) expect(slow.last(name)).toEqual(quick.last(name));
    const [first = ''] = names;
    expect(changes(slow, first).length).toBeLessThan(changes(quick, first).length);
    expectRisingVersions(slow);
    expectRisingVersions(quick);
  });
});
