import { describe, expect, it } from 'vitest';
import type { PlaceChange } from '../../../src/domain/place.ts';
import type { MemoryFeed } from '../../../src/events/memory-feed.ts';
import type { LogEntry } from '../../../src/store/log-entry.ts';
import { memoryFeed } from '../../support/memory-feed.ts';
import { entry } from './rig.ts';

it('the feed beside the memory store delivers at once, to everybody, also beside a listener that throws', async () => {
  const errors: unknown[] = [];
  const feed = memoryFeed({ onError: (error) => errors.push(error) });
  await feed.start();
  const seen: string[] = [];
  feed.subscribe({
    transition: () => {
      throw new Error('a listener');
    },
  });
  const leave = feed.subscribe({ transition: ({ id, partition }) => seen.push(`${partition} ${id}`) });
  feed.publish(2, [
    entry(1),
    {
      id: 2,
      kind: 'command',
      command: { type: 'claim', ref: { tenant: 'a', user: 'b' }, claim: { status: null, stamp: 1 } },
    },
    entry(3),
  ]);
  leave();
  feed.publish(2, [entry(4)]);
  await feed.stop();
  expect(seen).toEqual(['2 1', '2 3']);
  expect(errors).toHaveLength(3);
  expect(feed.connected).toBe(true);
});

describe('the log of places beside the memory store', () => {
  const place = (id: number, user: string, change: PlaceChange, replaces?: number): LogEntry => ({
    ...{ id, kind: 'place' },
    place: {
      tenant: 'acme',
      place: 'doc:7',
      user,
      change,
      since: 1,
      ver: id,
      reason: 'data',
      data: '{"n":1}',
    },
    ...(replaces !== undefined && { replaces }),
  });
  const idsAfter = async (feed: MemoryFeed, cursor: string, hasPlaces = true) => {
    const replay = await feed.replay(cursor, hasPlaces);
    return replay && (await replay.entries(0, replay.from)).entries.map(({ id }) => id);
  };
  const open = (more = {}): { feed: MemoryFeed; cursor: string } => {
    const feed = memoryFeed({ partitions: 1, ...more });
    feed.expect(0, 'one', 0, 1);
    return { feed, cursor: feed.watermark() ?? '' };
  };

  it('is in one order with the transitions, and keeps of `changed` the newest', async () => {
    const { feed, cursor } = open();
    const seen: number[] = [];
    feed.subscribe({ transition: ({ id }) => seen.push(id), place: ({ id }) => seen.push(id) });
    feed.publish(0, [place(2, 'ann', 'entered'), entry(3), place(4, 'ann', 'changed')]);
    feed.publish(0, [place(5, 'bob', 'entered'), place(6, 'ann', 'changed', 4)]);
    expect(seen).toEqual([2, 3, 4, 5, 6]);
    expect(await idsAfter(feed, cursor)).toEqual([2, 3, 5, 6]);
    expect(await idsAfter(feed, cursor, false)).toEqual([3]);
    expect(feed.watermark()).not.toBe(cursor);
  });

  it('is bounded by bytes, and pushes out no transition', async () => {
    const { feed, cursor } = open({ placeLogBytes: 4000 });
    feed.publish(0, [entry(2)]);
    for (let id = 3; id <= 100; id += 1) feed.publish(0, [place(id, 'ann', 'entered')]);
    feed.expect(0, 'one', 100, 101);
    expect(await idsAfter(feed, cursor)).toBeUndefined();
    expect(await idsAfter(feed, cursor, false)).toEqual([2]);
    const late = feed.watermark() ?? '';
    feed.publish(0, [place(102, 'ann', 'left')]);
    expect(await idsAfter(feed, late)).toEqual([102]);
  });
});
