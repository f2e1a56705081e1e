import { vi } from 'vitest';
import type { FeedListener } from '../../../src/events/feed.ts';
import { Listeners } from '../../../src/events/listeners.ts';
import { PartitionFeed } from '../../../src/events/partition-feed.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import type { LogEntry } from '../../../src/store/log-entry.ts';
import type { Message } from '../../../src/store/redis/log-codec.ts';

export const entry = (id: number): LogEntry => ({
  id,
  kind: 'transition',
  transition: {
    tenant: 'acme',
    user: `user${id}`,
    status: 'online',
    previous: 'offline',
    reason: 'connect',
    since: 1,
    ver: id,
    devices: [],
  },
});

/** What one script published: the entries with these ids, after `before`. */
export const message = (before: number, ids: readonly number[], gen = 'g1'): Message => ({
  gen,
  before,
  last: ids.at(-1) ?? before,
  entries: ids.map(entry),
});

/** One partition's feed over a log that a test writes, and what a listener was given. */
export class FeedRig {
  readonly log: number[] = [];
  readonly seen: (number | string)[] = [];
  readonly metrics = createMetrics();
  readonly warnings = vi.fn();
  readonly errors: unknown[] = [];
  readonly listeners = new Listeners((error) => this.errors.push(error));
  readonly feed: PartitionFeed;
  reads = 0;
  fails = false;
  /** When set, reading waits for it. */
  pause: Promise<void> | undefined;
  /** Entries read at a time. */
  page = 2;
  damaged = false;
  trimmed = false;

  constructor() {
    this.listeners.add(this.listener);
    this.feed = new PartitionFeed({
      partition: 3,
      listeners: this.listeners,
      metrics: this.metrics,
      logger: { warn: this.warnings },
      read: async (after, onEntries) => {
        this.reads += 1;
        await this.pause;
        if (this.fails) throw new Error('away');
        const holds = after === 0 ? !this.trimmed : this.log.includes(after);
        const rest = this.log.filter((id) => id > after);
        for (let at = 0; at < rest.length; at += this.page) {
          const ids = rest.slice(at, at + this.page);
          onEntries(ids.map(entry), ids.at(-1) ?? after);
        }
        return holds && !this.damaged;
      },
    });
  }

  readonly listener: FeedListener = {
    transition: ({ id, partition }) => this.seen.push(partition === 3 ? id : `partition ${partition}`),
    reset: () => this.seen.push('reset'),
  };

  /** A script records these entries and publishes them. */
  write(...ids: number[]): Message {
    const before = this.log.at(-1) ?? 0;
    this.log.push(...ids);
    return message(before, ids);
  }

  /** The log forgets its oldest entries. */
  trim(count: number): void {
    this.trimmed ||= count > 0;
    this.log.splice(0, count);
  }

  async gaps(): Promise<number> {
    return (await this.metrics.gapsRepaired.get()).values[0]?.value ?? 0;
  }
}

export const settled = async (): Promise<void> => {
  for (let i = 0; i < 4; i += 1) await new Promise((resolve) => setImmediate(resolve));
};
