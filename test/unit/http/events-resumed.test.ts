import { describe, expect, it, vi } from 'vitest';
import { memoryFeed } from '../../support/memory-feed.ts';
import { until } from '../../support/until.ts';
import {
  beat,
  capacity,
  countOf,
  feed,
  happens,
  isOpen,
  metrics,
  open,
  rig,
  serve,
  streams,
  tick,
} from './event-stream-rig.ts';
import { problem } from './rig.ts';

describe('coming back', () => {
  it.each(['header', 'query'])('with the last id in the %s, a reader gets what it missed', async (where) => {
    const first = await open();
    await isOpen(1);
    happens('ann');
    await first.sees('ann online');
    beat();
    tick();
    const cursor = await until(() => (first.ids.length > 1 ? first.lastId : undefined), { what: 'an id' });
    first.close();
    await isOpen(0);
    for (let i = 0; i < 1500; i += 1) happens(`user${i}`, {}, i % feed.partitions);
    happens('ann', { tenant: 'other' });
    const second =
      where === 'query'
        ? await open(`?after=${cursor}`)
        : await open('?after=nonsense', { headers: { 'last-event-id': cursor } });
    happens('last', {}, 3);
    await second.sees('last online');
    await until(() => second.story.length >= 1501, { what: 'everything' });
    expect(second.of('reset')).toEqual([]);
    expect(new Set(second.story).size).toBe(1501);
    expect(second.story).not.toContain('ann online');
    beat();
    tick();
    await until(() => second.lastId === feed.watermark(), { what: 'the newest id' });
  });

  it('after longer than the log holds, a reader is told to begin anew, and goes on', async () => {
    const cursor = feed.watermark() ?? '';
    for (let i = 0; i < 9000; i += 1) happens(`user${i}`);
    const client = await open(`?after=${cursor}`);
    await until(() => client.of('reset').length === 1, { what: 'a reset' });
    happens('ann');
    await client.sees('ann online');
    expect(client.story).toEqual(['ann online']);
    expect(client.events.map(({ event, id }) => [event, id])).toEqual([
      ['reset', ''],
      ['cursor', feed.watermark()],
      ['transition', feed.watermark()],
    ]);
    expect(await countOf('eventResets')).toBe(1);
  });
});

describe('a reader that does not read', () => {
  const TEXT = 'x'.repeat(140);
  const EVENTS = 40_000;

  it('costs a bounded buffer, and misses nothing when it reads again', async () => {
    await serve(memoryFeed({ eventLogMax: 8 * EVENTS }));
    const [slow, quick] = [await open(), await open()];
    await isOpen(2);
    slow.pause();
    for (let i = 0; i < EVENTS; i += 1) {
      happens(`user${i}`, { text: TEXT }, i % feed.partitions);
      if (i % 200 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => quick.story.length === EVENTS, {
      what: 'everything at the quick one',
      timeoutMs: 30_000,
    });
    expect(await countOf('eventReadersBehind')).toBeGreaterThan(0);
    // What the systems in between hold is theirs; here it is a fraction of the 22 MB that were told.
    expect((await countOf('eventsSent')) - EVENTS).toBeLessThan(EVENTS * 0.75);
    const told = slow.lastId;
    beat();
    tick();
    slow.resume();
    await until(() => slow.story.length === EVENTS, {
      what: 'everything at the slow one',
      timeoutMs: 30_000,
    });
    const sorted = slow.story.toSorted();
    expect(sorted).toEqual(quick.story.toSorted());
    expect(slow.of('reset')).toEqual([]);
    tick();
    await until(() => slow.lastId === feed.watermark() && slow.lastId !== told, { what: 'the newest id' });
    happens('last');
    await slow.sees('last online');
  }, 60_000);

  it('is cut after a minute, and told so in a metric', async () => {
    const client = await open();
    await isOpen(1);
    client.pause();
    for (let i = 0; i < EVENTS && (await countOf('eventReadersBehind')) === 0; i += 1) {
      happens(`user${i}`, { text: TEXT });
      if (i % 200 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    tick();
    const later = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 61_000);
    tick();
    later.mockRestore();
    await isOpen(0);
    expect((await metrics.eventStreamsCut.get()).values).toMatchObject([
      { labels: { reason: 'stalled' }, value: 1 },
    ]);
    expect(capacity.streams).toBe(0);
  });
});

describe('the end of a node', () => {
  it('ends streams over the window, and takes no more', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => open()));
    await isOpen(8);
    const before = performance.now();
    await streams.drain(200);
    expect(performance.now() - before).toBeLessThan(1500);
    for (const client of all) await until(() => client.ended, { what: 'the end' });
    expect(all.map(({ ended }) => ended)).toEqual(Array(8).fill('end'));
    expect(problem(await rig.call('GET', '/v1/events', { token: 'events' }))).toMatchObject({
      code: 'unavailable',
    });
  });

  it('does not wait for a reader that does not read', async () => {
    const client = await open();
    await isOpen(1);
    client.pause();
    for (let i = 0; i < 20_000; i += 1) happens(`user${i}`, { text: 'x'.repeat(140) });
    await rig.app.close();
    await isOpen(0);
  });
});
