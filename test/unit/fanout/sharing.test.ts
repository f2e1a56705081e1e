import { describe, expect, it } from 'vitest';
import type { Watcher } from '../../../src/fanout/fanout.ts';
import { type FakeSink, Rig, settle, VIEWER } from './rig.ts';

const WATCHERS = 5000;

/** Sinks that only remember: parsing would be most of the test's time. */
const crowd = async (
  rig: Rig,
  request: { users?: string[]; tenant?: boolean },
): Promise<(string | Buffer)[][]> => {
  const sent: (string | Buffer)[][] = [];
  const watches: Promise<void>[] = [];
  for (let n = 0; n < WATCHERS; n += 1) {
    const frames: (string | Buffer)[] = [];
    sent.push(frames);
    const watcher: Watcher = rig.fanout.watcher(
      'acme',
      {
        buffered: 0,
        send: (frame) => void frames.push(frame),
      } satisfies Partial<FakeSink>,
      { ...VIEWER, self: `person-${n}` },
    );
    watches.push(watcher.watch(request));
  }
  await Promise.all(watches);
  for (const frames of sent) frames.length = 0;
  return sent;
};

describe.each([
  ['by id', { users: ['a'] }],
  ['with their tenant', { tenant: true }],
])('a transition of a user whom 5,000 connections watch %s', (_, request) => {
  it('is encoded once and written from one buffer', async () => {
    const rig = new Rig();
    const sent = await crowd(rig, request);
    const before = await rig.metric('rollcall_views_encoded_total');
    const frames = await rig.metric('rollcall_presence_frames_sent_total');
    rig.event('a', 1);
    expect(await rig.metric('rollcall_views_encoded_total')).toBe(before + 1);
    expect(await rig.metric('rollcall_presence_frames_sent_total')).toBe(frames + WATCHERS);
    const buffers = new Set(sent.flat());
    expect(sent.flat()).toHaveLength(WATCHERS);
    expect(buffers.size).toBe(1);
    expect([...buffers][0]).toBeInstanceOf(Buffer);
  });
});

describe('many transitions for 5,000 watchers of a tenant', () => {
  it('are encoded once each and put together once a window', async () => {
    const rig = new Rig();
    const sent = await crowd(rig, { tenant: true });
    for (let n = 0; n < 20; n += 1) rig.event(`u${n}`, 1);
    rig.time.advance(20);
    expect(await rig.metric('rollcall_views_encoded_total')).toBe(20);
    expect(sent.every((frames) => frames.length === 2)).toBe(true);
    expect(new Set(sent.flat()).size).toBe(2);
  });
});

describe('connections that watch the same users by id', () => {
  it('share the frames of a window, and only those', async () => {
    const rig = new Rig();
    const requests = [
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
      ['a', 'b', 'c', 'd'],
      ['a', 'b'],
    ];
    const sinks = await Promise.all(requests.map(async (users) => (await rig.watching({ users })).sink));
    for (const user of ['a', 'b', 'c', 'd']) rig.event(user, 1);
    rig.event('b', 2);
    rig.time.advance(20);
    const [one, two, more, less] = sinks.map(({ raw }) => raw.map(String));
    expect(sinks[1]?.raw[1]).toBe(sinks[0]?.raw[1]);
    expect(two).toEqual(one);
    expect(more?.[1]).toContain('"d"');
    expect(less?.[1]).not.toContain('"c"');
    expect(sinks[2]?.take()).toEqual(['a@1', 'b@2 c@1 d@1']);
  });
});

describe('a sink that throws', () => {
  it.each([
    ['users', { users: ['a'] }],
    ['tenant', { tenant: true }],
  ])('stops neither the others nor the feed (%s)', async (_, request) => {
    const rig = new Rig();
    const before = await rig.watching(request);
    const bad = await rig.watching(request);
    const after = await rig.watching(request);
    bad.sink.send = () => {
      throw new Error('broken');
    };
    expect(() => rig.event('a', 1)).not.toThrow();
    rig.time.advance(50);
    expect(() => rig.event('a', 2)).not.toThrow();
    for (const { sink } of [before, after]) expect(sink.take()).toEqual(['a@1', 'a@2']);
    expect(rig.logged).toHaveLength(2);
    await bad.watcher.watch(request).then(settle);
  });

  it('stops nobody when it cannot even tell its buffer', async () => {
    const rig = new Rig();
    const bad = await rig.watching({ tenant: true, users: ['a'] });
    const alsoBad = await rig.watching({ users: ['a'] });
    const after = await rig.watching({ users: ['a'] });
    const afterToo = await rig.watching({ tenant: true });
    for (const { sink } of [bad, alsoBad]) {
      Object.defineProperty(sink, 'buffered', {
        get: () => {
          throw new Error('broken');
        },
      });
    }
    expect(() => rig.event('a', 1)).not.toThrow();
    expect(after.sink.take()).toEqual(['a@1']);
    expect(afterToo.sink.take()).toEqual(['a@1']);
  });
});

describe('a damaged view', () => {
  it('costs nobody else their frame', async () => {
    const rig = new Rig();
    const { sink } = await rig.watching({ tenant: true });
    rig.event('a', 1);
    rig.event('b', 1, 'busy', { until: Number.NaN });
    rig.event('c', 1);
    rig.time.advance(50);
    expect(sink.frames[1]?.users.map(({ user, status }) => [user, status])).toEqual([
      ['b', 'busy'],
      ['c', 'online'],
    ]);
  });
});
