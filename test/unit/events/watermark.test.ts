import { describe, expect, it } from 'vitest';
import type { StoreMicros } from '../../../src/domain/clock.ts';
import { decodeWatermark, encodeWatermark, fingerprint, watermarkOf } from '../../../src/events/watermark.ts';
import type { LogEntry } from '../../../src/store/log-entry.ts';
import { entry, FeedRig, message, settled } from './rig.ts';

const CLOCK = 1_790_000_000_000_001;

describe('a watermark', () => {
  it.each([0, 1, 35, 36, CLOCK, Number.MAX_SAFE_INTEGER])('comes out as it went in: %d', (clock) => {
    const mark = { clock, data: fingerprint(['g1', 'g2']) };
    expect(decodeWatermark(encodeWatermark(mark))).toEqual(mark);
  });

  it('knows the data by all generations and their order', () => {
    const prints = [['a', 'b'], ['b', 'a'], ['ab', ''], ['a'], ['a', 'b', 'c']].map(fingerprint);
    expect(new Set(prints).size).toBe(prints.length);
    expect(fingerprint(['a', 'b'])).toBe(prints[0]);
  });

  it.each([
    '',
    'x',
    '.',
    `1.${'a'.repeat(11)}`,
    `1.${'a'.repeat(13)}`,
    `01.${'a'.repeat(12)}`,
    `A.${'a'.repeat(12)}`,
    `-1.${'a'.repeat(12)}`,
    `1.${'a'.repeat(11)} `,
    `1.${'a'.repeat(11)}ü`,
    `zzzzzzzzzzz.${'a'.repeat(12)}`,
    `1.${'a'.repeat(12)}\n`,
  ])('is refused when it is %j', (text) => {
    expect(() => decodeWatermark(text)).toThrow(expect.objectContaining({ code: 'invalid_cursor' }));
  });

  it('is the least that any partition has reached', () => {
    const reached = [
      { gen: 'a', through: 7 },
      { gen: 'b', through: 5 },
    ];
    const clockIn = (text: string | undefined): number => decodeWatermark(text ?? '').clock;
    expect(clockIn(watermarkOf(reached))).toBe(5);
    expect(clockIn(watermarkOf(reached, 3))).toBe(3);
    expect(clockIn(watermarkOf(reached, 6))).toBe(5);
    expect(watermarkOf([...reached, undefined])).toBeUndefined();
  });
});

describe('how far a partition has been delivered', () => {
  const rig = (): FeedRig => new FeedRig();
  const through = ({ feed }: FeedRig): number | undefined => feed.reached?.through;

  it('is unknown until the partition was heard of', () => {
    expect(rig().feed.reached).toBeUndefined();
  });

  it('is the clock of a heartbeat whose last entry was delivered, and later what is delivered', () => {
    const one = rig();
    one.feed.expect('g1', 5, 100);
    expect(one.feed.reached).toEqual({ gen: 'g1', through: 100 });
    one.feed.receive(message(5, [120, 130]));
    expect(through(one)).toBe(130);
    one.feed.expect('g1', 130, 200);
    expect(through(one)).toBe(200);
  });

  // A reader would learn by its cursor that something happened which nobody may see, as of who hides.
  it('is moved by what readers are given, not by what nodes alone are told', () => {
    const one = rig();
    one.feed.expect('g1', 5, 100);
    const ref = { tenant: 'acme', user: 'ann' };
    const claim = { status: 'invisible', stamp: 1 } as const;
    const hides: LogEntry = { id: 130, kind: 'command', command: { type: 'claim', ref, claim } };
    one.feed.receive({ gen: 'g1', before: 5, last: 130, entries: [entry(120), hides] });
    expect(through(one)).toBe(120);
    const forgets: LogEntry = {
      id: 140,
      kind: 'command',
      command: { type: 'forget', ref, at: 1 as StoreMicros },
    };
    one.feed.receive({ gen: 'g1', before: 130, last: 140, entries: [forgets] });
    expect(through(one)).toBe(140);
  });

  it('is not the clock of a heartbeat that knows of entries still to come', async () => {
    const one = rig();
    one.feed.expect('g1', 0, 1);
    one.write(120);
    const second = one.write(130);
    one.feed.expect('g1', 130, 200);
    expect(through(one)).toBe(1);
    one.feed.receive(second);
    expect(through(one)).toBe(1);
    await settled();
    expect(one.seen).toEqual([120, 130]);
    expect(through(one)).toBe(200);
  });

  it('never goes back, but for another generation', () => {
    const one = rig();
    one.feed.expect('g1', 0, 100);
    one.feed.expect('g1', 0, 90);
    expect(through(one)).toBe(100);
    one.feed.expect('g2', 10, 20);
    expect(one.feed.reached).toEqual({ gen: 'g2', through: 20 });
  });
});
