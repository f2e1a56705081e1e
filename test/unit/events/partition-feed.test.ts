import { beforeEach, describe, expect, it } from 'vitest';
import { Listeners } from '../../../src/events/listeners.ts';
import type { Message } from '../../../src/events/log-codec.ts';
import { PartitionFeed } from '../../../src/events/partition-feed.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import type { LogEntry } from '../../../src/store/log-entry.ts';
import { until } from '../../support/until.ts';

const entry = (id: number): LogEntry => ({
  id,
  kind: 'transition',
  transition: {
    tenant: 't',
    user: `u${id}`,
    status: 'online',
    previous: 'offline',
    since: 0,
    ver: id,
    devices: ['web'],
    reason: 'connect',
  },
});

const message = (before: number, ids: number[], gen = 'g'): Message => ({
  gen,
  before,
  last: ids.at(-1) ?? before,
  entries: ids.map(entry),
});

describe('the feed of a partition', () => {
  /** What the log holds, and what reading it does. */
  let log: number[];
  let isWhole: boolean;
  let failing: boolean;
  let reads: number[];
  let release: (() => void) | undefined;
  let isHeldBack: boolean;
  let seen: (number | 'reset')[];
  let feed: PartitionFeed;

  beforeEach(() => {
    log = [];
    isWhole = true;
    failing = false;
    reads = [];
    release = undefined;
    isHeldBack = false;
    seen = [];
    const listeners = new Listeners((error) => {
      throw error;
    });
    listeners.add({ transition: ({ id }) => seen.push(id), reset: () => seen.push('reset') });
    feed = new PartitionFeed({
      partition: 0,
      listeners,
      metrics: createMetrics(),
      logger: { warn: () => undefined },
      read: async (after, onEntries) => {
        reads.push(after);
        await Promise.resolve();
        if (isHeldBack) await new Promise<void>((resolve) => (release = resolve));
        if (failing) throw new Error('away');
        const found = log.filter((id) => id > after);
        if (found.length > 0) onEntries(found.map(entry), found.at(-1) ?? after);
        return isWhole;
      },
    });
    feed.expect('g', 10);
  });
  const settled = () => until(() => !feed.isRepairing);

  it('begins where the first heartbeat says, and delivers what follows in order', () => {
    feed.receive(message(10, [11, 12]));
    feed.receive(message(12, [13]));
    expect(seen).toEqual([11, 12, 13]);
    expect(reads).toEqual([]);
  });

  it('drops what it delivered already', () => {
    feed.receive(message(10, [11]));
    feed.receive(message(10, [11]));
    expect(seen).toEqual([11]);
  });

  it('reads a gap from the log before anything newer goes out', async () => {
    log = [11, 12, 13];
    feed.receive(message(12, [13]));
    expect(seen).toEqual([]);
    await settled();
    expect(seen).toEqual([11, 12, 13]);
    expect(reads).toEqual([10]);
  });

  /** Messages that arrive while the log is read are newer than what is read, and older ones are in it. */
  it('keeps what arrives meanwhile, and delivers each entry once', async () => {
    isHeldBack = true;
    log = [11, 12, 13];
    feed.receive(message(11, [12]));
    feed.receive(message(12, [13]));
    feed.receive(message(13, [14]));
    await until(() => release !== undefined);
    isHeldBack = false;
    release?.();
    await settled();
    expect(seen).toEqual([11, 12, 13, 14]);
  });

  it('says reset when the log no longer holds where it was', async () => {
    isWhole = false;
    log = [20, 21];
    feed.receive(message(20, [21]));
    await settled();
    expect(seen).toEqual([20, 21, 'reset']);
    feed.receive(message(21, [22]));
    expect(seen.at(-1)).toBe(22);
  });

  it('says reset for another generation, told by a message', () => {
    feed.receive(message(10, [11]));
    feed.receive(message(0, [5], 'h'));
    expect(seen).toEqual([11, 'reset', 5]);
  });

  it('says reset once for another generation told by a heartbeat, and ignores what is left of the old one', () => {
    feed.expect('h', 7);
    feed.receive(message(10, [11], 'g'));
    feed.receive(message(7, [8], 'h'));
    expect(seen).toEqual(['reset', 8]);
  });

  /** A rollback: what comes builds on something older than what was delivered. */
  it('says reset when history went back', () => {
    feed.receive(message(10, [11, 12]));
    feed.receive(message(11, [13]));
    expect(seen).toEqual([11, 12, 'reset', 13]);
  });

  it('leaves a log it could not read alone until the next heartbeat, and loses nothing', async () => {
    failing = true;
    log = [11, 12];
    feed.receive(message(11, [12]));
    await settled();
    feed.receive(message(12, [13]));
    expect(reads).toHaveLength(1);
    failing = false;
    log = [11, 12, 13];
    expect(feed.expect('g', 13)).toBe(true);
    await settled();
    expect(seen).toEqual([11, 12, 13]);
    expect(feed.expect('g', 13)).toBe(false);
  });

  it('knows from a heartbeat that it is behind although nothing came', async () => {
    log = [11];
    expect(feed.expect('g', 11)).toBe(true);
    feed.repair();
    await settled();
    expect(seen).toEqual([11]);
    expect(feed.isBehind('g', 11)).toBe(false);
  });
});
