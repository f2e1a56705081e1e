import { expect, it } from 'vitest';
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
