import { describe, expect, it } from 'vitest';
import { WatchError } from '../../../src/fanout/fanout.ts';
import { StoreError } from '../../../src/store/port/store-error.ts';
import { type FakeSink, Rig, settle } from './rig.ts';

interface PlaceFrame {
  readonly type: string;
  readonly place?: string;
  readonly users?: readonly { user: string; data?: unknown; ver: number }[];
  readonly left?: readonly { user: string; at: string; ver: number }[];
  readonly total?: number;
  readonly truncated?: true;
  readonly snapshot?: true;
  readonly more?: true;
  readonly ref?: string;
  readonly of?: unknown;
  readonly present?: number;
}

/** What was sent since the last look, in short: `[ann@1 bob@2]` a snapshot, `ann@3 -bob@4` changes, `=5` a total. */
const take = (sink: FakeSink): string[] =>
  (sink.takeFrames() as unknown as PlaceFrame[]).map((frame) => {
    if (frame.type === 'count')
      return `${JSON.stringify(frame.of)}=${frame.present ?? JSON.stringify(frame)}`;
    if (frame.type !== 'place') return frame.type;
    const users = (frame.users ?? []).map(({ user, ver }) => `${user}@${ver}`);
    const left = (frame.left ?? []).map(({ user, ver }) => `-${user}@${ver}`);
    const text = [...users, ...left].join(' ');
    const body = frame.snapshot ? `[${text}]` : text;
    const total = frame.total === undefined ? '' : `=${frame.total}`;
    return `${frame.truncated ? 'truncated ' : ''}${body}${total}${frame.more ? '+' : ''}`;
  });

const refusal = (watch: Promise<void>): Promise<WatchError> =>
  watch.then(
    () => expect.unreachable(),
    (error: unknown) => {
      expect(error).toBeInstanceOf(WatchError);
      return error as WatchError;
    },
  );

describe('watching places by name', () => {
  it('sends a snapshot with the reference, then who comes, says other data, and leaves', async () => {
    const rig = new Rig();
    rig.enters('doc', 'ann', 1, '{"color":"red"}');
    const { sink, watcher } = rig.connect();
    await watcher.watch({ places: ['doc'] }, 'r1');
    expect(sink.frames[0]).toMatchObject({
      type: 'place',
      place: 'doc',
      snapshot: true,
      ref: 'r1',
      users: [{ user: 'ann', data: { color: 'red' }, ver: 1 }],
    });
    expect(take(sink)).toEqual(['[ann@1]']);
    rig.enters('doc', 'bob', 2);
    rig.time.advance(20);
    rig.enters('doc', 'ann', 3, '{"color":"blue"}');
    rig.time.advance(20);
    rig.leaves('doc', 'bob', 4);
    rig.enters('other', 'carl', 5);
    rig.time.advance(20);
    expect(take(sink)).toEqual(['bob@2', 'ann@3', '-bob@4']);
  });

  it('answers a place in which nobody is with an empty snapshot', async () => {
    const rig = new Rig();
    const { sink, watcher } = rig.connect();
    await watcher.watch({ places: ['doc', 'doc', 'board'] });
    expect(take(sink)).toEqual(['[]', '[]']);
    expect(rig.fanout.footprint.watches).toBe(2);
  });

  it('sends at most one frame a window, in which the newest counts', async () => {
    const rig = new Rig();
    const { sink } = await rig.watching({ places: ['doc'] });
    for (let ver = 1; ver <= 50; ver += 1) rig.enters('doc', `u${ver % 5}`, ver, `{"x":${ver}}`);
    rig.leaves('doc', 'u3', 51);
    expect(take(sink)).toEqual(['u1@1']);
    rig.time.advance(20);
    expect(take(sink)).toEqual(['u1@46 u2@47 u4@49 u0@50 -u3@51']);
    rig.time.advance(100);
    expect(take(sink)).toEqual([]);
  });

  it('encodes a change once for all who watch', async () => {
    const rig = new Rig();
    const watchers = await Promise.all([1, 2, 3].map(() => rig.watching({ places: ['doc'] })));
    rig.enters('doc', 'ann', 1);
    const [first, ...others] = watchers.map(({ sink }) => sink.raw.at(-1));
    expect(first).toBeInstanceOf(Buffer);
    for (const other of others) expect(other).toBe(first);
  });

  it('sends large places in several frames, all but the last with `more`', async () => {
    const rig = new Rig({ tuning: { frameUsers: 2 } });
    for (const [at, user] of ['a', 'b', 'c', 'd', 'e'].entries()) rig.enters('doc', user, at + 1);
    const { sink, watcher } = rig.connect();
    await watcher.watch({ places: ['doc'] });
    expect(take(sink)).toEqual(['[a@1 b@2]+', '[c@3 d@4]+', '[e@5]']);
  });

  it('sends nothing of a place before its snapshot, and lets the newer of feed and reading count', async () => {
    const rig = new Rig();
    rig.store.auto = false;
    rig.enters('doc', 'ann', 1);
    rig.enters('doc', 'bob', 2);
    const { sink, watcher } = rig.connect();
    const watch = watcher.watch({ places: ['doc'] });
    await settle();
    rig.leaves('doc', 'ann', 3);
    rig.enters('doc', 'carl', 4);
    expect(take(sink)).toEqual([]);
    rig.store.open[0]?.answerOld();
    await watch;
    // What the feed sent meanwhile is newer than what was read.
    expect(take(sink)).toEqual(['[carl@4 bob@2]']);
  });

  it('lets a connection that does not read catch up with the newest, in bounded memory', async () => {
    const rig = new Rig({ settings: { placeWatchMax: 3 } });
    const { sink } = await rig.watching({ places: ['doc'] });
    sink.blocked = true;
    sink.buffered = 1_000_000;
    for (let ver = 1; ver <= 100; ver += 2) {
      rig.enters('doc', `u${ver}`, ver);
      rig.leaves('doc', `u${ver}`, ver + 1);
      rig.time.advance(20);
    }
    rig.enters('doc', 'last', 200);
    rig.time.advance(20);
    expect(take(sink)).toEqual([]);
    sink.blocked = false;
    sink.buffered = 0;
    rig.time.advance(1000);
    // Begun anew: what it missed is more than is kept.
    const shown = take(sink);
    expect(shown[0]).toMatch(/^\[/);
    expect(shown.join(' ')).toContain('last@200');
  });

  it('refuses a place with more people, and names it; one that outgrows a watch turns into the longest and a total', async () => {
    const rig = new Rig({ settings: { placeWatchMax: 2 } });
    for (const [at, user] of ['a', 'b', 'c'].entries()) rig.enters('full', user, at + 1);
    const { sink, watcher } = rig.connect();
    const error = await refusal(watcher.watch({ places: ['doc', 'full'] }));
    expect(error.code).toBe('too_many_watches');
    expect(error.refused).toEqual({ places: ['full'] });
    expect(rig.fanout.footprint.watches).toBe(0);
    await watcher.watch({ places: ['doc'] });
    rig.enters('doc', 'a', 11);
    rig.enters('doc', 'b', 12);
    rig.time.advance(20);
    take(sink);
    rig.enters('doc', 'c', 13);
    rig.time.advance(0);
    await settle();
    expect(take(sink)).toEqual(['truncated [a@11 b@12 c@13]=3']);
    rig.leaves('doc', 'a', 14);
    rig.time.advance(1000);
    await settle();
    expect(take(sink)).toEqual(['[b@12 c@13]=2']);
    expect(watcher.followsPlace('doc')).toBe(false);
    expect(watcher.watchedPlaces).toEqual(new Set(['doc']));
  });

  it('registers nothing when the store cannot answer', async () => {
    const rig = new Rig();
    rig.store.away = true;
    const { watcher } = rig.connect();
    expect((await refusal(watcher.watch({ places: ['doc'], users: ['ann'] }))).code).toBe('unavailable');
    expect((await refusal(watcher.watch({ places: ['doc'], top: 3 }))).code).toBe('unavailable');
    expect((await refusal(watcher.watch({ places: ['doc'], count: true }))).code).toBe('unavailable');
    expect(rig.fanout.footprint.watches).toBe(0);
  });

  it('ends with unwatch, with a place that is taken away, and with the connection', async () => {
    const rig = new Rig();
    const { sink, watcher } = await rig.watching({ places: ['a', 'b', 'c'] });
    watcher.unwatch({ places: ['a', 'unknown'] });
    rig.enters('a', 'ann', 1);
    expect(watcher.dropPlaces((place) => place === 'b')).toEqual(['b']);
    rig.enters('b', 'ann', 2);
    expect(take(sink)).toEqual([]);
    expect(watcher.watchedPlaces).toEqual(new Set(['c']));
    watcher.close();
    expect(rig.fanout.footprint.watches).toBe(0);
    rig.enters('c', 'ann', 3);
    expect(take(sink)).toEqual([]);
  });

  it('counts places among what one connection may watch', async () => {
    const rig = new Rig({ settings: { maxWatches: 2 } });
    const { watcher } = await rig.watching({ users: ['ann'], places: ['doc'] });
    expect((await refusal(watcher.watch({ places: ['board'] }))).code).toBe('too_many_watches');
    expect((await refusal(watcher.watch({ users: ['bob'] }))).code).toBe('too_many_watches');
  });

  it('sends after a loss of data who came and left without an event', async () => {
    const rig = new Rig();
    rig.enters('doc', 'ann', 1);
    rig.enters('doc', 'bob', 2);
    const { sink } = await rig.watching({ places: ['doc'] });
    rig.store.inPlaces.get('doc')?.delete('ann');
    rig.store.inPlaces.get('doc')?.set('carl', { user: 'carl', since: 5, ver: 5 });
    rig.reset(0);
    rig.time.advance(1000);
    await settle();
    await settle();
    rig.time.advance(1000);
    expect(take(sink).sort()).toEqual(['carl@5 -ann@2']);
  });
});

describe('places where only people who share a group see each other', () => {
  const ann = { self: 'ann', users: true, everyone: false, groups: ['g1'], sharedOnly: true } as const;

  it('shows nobody else, whatever changes', async () => {
    const rig = new Rig({ settings: { watchPolicy: 'groups' } });
    rig.enters('doc', 'bob', 1, undefined, ['g1']);
    rig.enters('doc', 'eve', 2, undefined, ['g2']);
    const { sink, watcher } = rig.connect('acme', ann);
    await watcher.watch({ places: ['doc'] });
    rig.enters('doc', 'eve', 3, '{"x":1}', ['g2']);
    rig.enters('doc', 'carl', 4, undefined, ['g1', 'g2']);
    rig.enters('doc', 'ann', 5);
    rig.time.advance(20);
    rig.leaves('doc', 'eve', 6);
    rig.leaves('doc', 'carl', 7);
    rig.time.advance(20);
    expect(take(sink)).toEqual(['[bob@1]', 'carl@4 ann@5', '-carl@7']);
  });

  it('begins anew when a member of other groups comes into sight, or goes out of it', async () => {
    const rig = new Rig({ settings: { watchPolicy: 'groups' } });
    rig.set('bob', 1, 'online', ['g1']);
    rig.enters('doc', 'bob', 1, undefined, ['g1']);
    const { sink, watcher } = rig.connect('acme', ann);
    await watcher.watch({ places: ['doc'] });
    take(sink);
    rig.regroup('bob', ['g2']);
    expect(take(sink)).toEqual(['[]']);
    watcher.allow({ ...ann, groups: ['g2'] });
    expect(take(sink)).toEqual(['[bob@1]']);
  });
});

describe('watching those who are in a place longest', () => {
  it('shows them and the total at once, and then at most once a second, when changed', async () => {
    const rig = new Rig();
    for (const [at, user] of ['a', 'b', 'c'].entries()) rig.enters('lobby', user, at + 1);
    const { sink, watcher } = rig.connect();
    await watcher.watch({ places: ['lobby'], top: 2 }, 'r');
    expect(sink.frames[0]).toMatchObject({ ref: 'r', snapshot: true });
    expect(take(sink)).toEqual(['[a@1 b@2]=3']);
    for (let ver = 10; ver < 30; ver += 1) rig.enters('lobby', `u${ver}`, ver);
    rig.time.advance(999);
    await settle();
    expect(take(sink)).toEqual([]);
    rig.time.advance(2);
    await settle();
    expect(take(sink)).toEqual(['[a@1 b@2]=23']);
    rig.enters('lobby', 'u10', 40, '{"x":1}');
    rig.time.advance(1001);
    await settle();
    expect(take(sink)).toEqual([]);
  });
});

describe('watching numbers', () => {
  it('counts a place at once and then at most once a second, for any number of watchers by one reading', async () => {
    const rig = new Rig();
    rig.enters('lobby', 'a', 1);
    const watchers = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const { sink, watcher } = rig.connect();
        await watcher.watch({ places: ['lobby'], count: true }, 'n');
        return sink;
      }),
    );
    for (const sink of watchers) {
      expect(sink.frames[0]).toEqual({
        type: 'count',
        of: { place: 'lobby' },
        present: 1,
        members: 1,
        ref: 'n',
      });
      take(sink);
    }
    rig.time.advance(5000);
    const before = rig.store.calls.length;
    for (let ver = 10; ver < 500; ver += 1) rig.enters('lobby', `u${ver}`, ver);
    rig.time.advance(10);
    await settle();
    rig.enters('lobby', 'late', 600);
    rig.time.advance(1000);
    await settle();
    expect(rig.store.calls.length - before).toBe(2);
    for (const sink of watchers)
      expect(take(sink)).toEqual(['{"place":"lobby"}=491', '{"place":"lobby"}=492']);
  });

  it('counts a tenant, and a group by who is present and who is a member', async () => {
    const rig = new Rig();
    rig.set('ann', 1, 'busy');
    const { sink, watcher } = rig.connect();
    await watcher.watch({ tenant: true, count: true });
    expect(sink.frames[0]).toEqual({ type: 'count', of: { tenant: true }, online: 0, away: 0, busy: 1 });
    expect(watcher.watching.tenant).toBe(false);
    watcher.unwatch({ tenant: true });
    rig.time.advance(5000);
    take(sink);
    rig.event('bob', 2);
    rig.time.advance(1);
    await settle();
    // Without `count`, people alone are unwatched.
    expect(sink.takeFrames()).toEqual([{ type: 'count', of: { tenant: true }, online: 1, away: 0, busy: 1 }]);
    watcher.unwatch({ tenant: true, count: true });
    expect(rig.fanout.footprint.watches).toBe(0);
  });

  it('tries again when the store could not answer', async () => {
    const rig = new Rig();
    const { sink } = await rig.watching({ places: ['lobby'], count: true });
    rig.time.advance(5000);
    rig.store.auto = false;
    rig.enters('lobby', 'a', 1);
    rig.time.advance(1);
    await settle();
    rig.store.open[0]?.fail(new StoreError('unavailable', 'away'));
    await settle();
    rig.store.auto = true;
    rig.time.advance(5000);
    await settle();
    expect(take(sink)).toEqual(['{"place":"lobby"}=1']);
  });
});
