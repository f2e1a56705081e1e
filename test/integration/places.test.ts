import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { enter, inPlace, told, watchPlace } from '../support/in-places.ts';
import { TIMINGS } from '../support/timings.ts';
import { holds } from '../support/until.ts';

/** Longer than any grace that began before it, and the sweep after it. */
const PAST_GRACE_MS = TIMINGS.offlineGraceMs + 4 * TIMINGS.reapIntervalMs + 300;

describe('who is in a place', () => {
  let cluster: Cluster;
  let watcher: Client;
  /** A place of each test. */
  let doc: string;
  let tests = 0;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2, env: { IDLE_AWAY_MS: '400', IDLE_OFFLINE_MS: '0' } });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const watching = async (): Promise<void> => {
    tests += 1;
    doc = `doc:${tests}`;
    watcher = await watchPlace(await cluster.connect('watcher', { node: 1 }), doc);
  };
  const sees = (lines: readonly string[]): Promise<boolean> =>
    watcher.until(() => lines.every((line) => told(watcher, doc).includes(line)), { what: lines.join(', ') });

  it('comes, tells other data and goes: once each, whatever tabs there are', async () => {
    await watching();
    const tab = await enter(await cluster.connect('ann', { claims: { name: 'Ann' } }), doc, { color: 'red' });
    await sees(['ann {"color":"red"}']);
    const other = await enter(await cluster.connect('ann', { node: 1 }), doc, { color: 'red' });
    await enter(tab, doc, { color: 'blue' });
    await sees(['ann {"color":"blue"}']);
    expect(watcher.of('place').at(-1)?.users?.[0]).toMatchObject({ user: 'ann', name: 'Ann' });
    await tab.ask({ type: 'leave', place: doc });
    // The other one is still there, with what it said.
    await watcher.until(() => JSON.stringify([...inPlace(watcher, doc)]).includes('red'));
    await other.bye();
    await sees(['-ann']);
    expect(told(watcher, doc)).toEqual([
      'ann {"color":"red"}',
      'ann {"color":"blue"}',
      'ann {"color":"red"}',
      '-ann',
    ]);
  });

  it('"editing" ends with the tab that said it', async () => {
    await watching();
    const reading = await enter(await cluster.connect('ben'), doc);
    const editing = await enter(await cluster.connect('ben', { node: 1 }), doc, { editing: true });
    await sees(['ben {"editing":true}']);
    editing.terminate();
    await holds(() => inPlace(watcher, doc).get('ben') !== undefined, TIMINGS.offlineGraceMs - 300, 'data');
    await watcher.until(
      () => inPlace(watcher, doc).has('ben') && inPlace(watcher, doc).get('ben') === undefined,
    );
    expect(told(watcher, doc)).toEqual(['ben', 'ben {"editing":true}', 'ben']);
    reading.close();
    await sees(['-ben']);
  });

  it('a tab that only reads stays, without a frame from it', async () => {
    await watching();
    const reader = await enter(await cluster.connect('cleo'), doc);
    await watcher.watch({ users: ['cleo'] });
    await watcher.sees('cleo', 'away');
    await holds(() => told(watcher, doc).length === 1, PAST_GRACE_MS, 'cleo to stay');
    reader.close();
    await sees(['-cleo']);
  });

  it('a lost connection keeps its places until its grace ends, whichever tab opens', async () => {
    await watching();
    const page = await enter(await cluster.connect('dan'), doc, { a: 1 });
    await sees(['dan {"a":1}']);
    page.terminate();
    const elsewhere = await cluster.connect('dan', { node: 1 });
    await sees(['-dan']);
    expect(told(watcher, doc)).toEqual(['dan {"a":1}', '-dan']);
    await enter(elsewhere, doc);
    await watcher.until(() => told(watcher, doc).length === 3);
  });

  it('who hides is in no place for others, and comes into all of them when seen again', async () => {
    await watching();
    await watcher.watch({ users: ['eve'] });
    const eve = await enter(await cluster.connect('eve'), doc);
    await sees(['eve']);
    await eve.ask({ type: 'status', status: 'invisible' });
    await sees(['-eve']);
    await enter(eve, doc, { hidden: true });
    await enter(eve, 'other');
    const snapshot = await (await cluster.connect('late')).ask({ type: 'watch', places: [doc, 'other'] });
    expect(snapshot).toMatchObject({ users: [] });
    await eve.ask({ type: 'status', status: null });
    await sees(['eve {"hidden":true}']);
    const frames = watcher.frames.filter(({ type }) => type === 'presence' || type === 'place');
    expect(told(watcher, doc)).toEqual(['eve', '-eve', 'eve {"hidden":true}']);
    // Never in a place before they are seen.
    expect(frames.at(-1)?.type).toBe('place');
    expect(watcher.last('eve')?.status).not.toBe('offline');
  });

  it('types there to who watches it by name, wherever they are', async () => {
    await watching();
    const fay = await enter(await cluster.connect('fay'), doc);
    await sees(['fay']);
    const bystander = await cluster.connect('gus', { node: 1 });
    fay.send({ type: 'typing', to: { place: doc }, on: true });
    await watcher.until(() => watcher.first('typing'));
    expect(watcher.of('typing')).toEqual([{ type: 'typing', from: 'fay', place: doc, on: true }]);
    await fay.ask({ type: 'leave', place: doc });
    await watcher.until(() => watcher.of('typing').length === 2);
    expect(watcher.of('typing')[1]).toMatchObject({ on: false });
    expect(bystander.of('typing')).toEqual([]);
  });
});
