import { MemoryFeed, type MemoryFeedOptions } from '../../src/events/memory-feed.ts';

/** A feed beside a memory store, whose listeners must not throw. */
export const memoryFeed = (more: Partial<MemoryFeedOptions> = {}): MemoryFeed =>
  new MemoryFeed({
    partitions: 4,
    generation: 'one',
    eventLogSeconds: 3600,
    eventLogMax: 100_000,
    onError: (error) => {
      throw error;
    },
    ...more,
  });
