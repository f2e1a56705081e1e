import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type FollowError,
  type FollowOptions,
  type FollowState,
  follow,
  type MemorySink,
  memorySink,
  type Presence,
} from '../src/index.ts';
import { FakeRollcall, forgotten, placed, problem, transition } from './fake-rollcall.ts';

const presence = (user: string, status: Presence['status'], ver: number): Presence => ({ user, status, ver });

describe('a follower', () => {
  let server: FakeRollcall;
  let sink: MemorySink;
  /** Every call of the sink, in order. */
  let story: string[];
  let states: FollowState[];
  let stopping: AbortController;
  let outcome: unknown;
  beforeEach(() => {
    vi.useFakeTimers();
    server = new FakeRollcall();
    story = [];
    states = [];
    stopping = new AbortController();
    outcome = undefined;
    sink = memorySink();
  });
  afterEach(() => {
    stopping.abort();
    vi.useRealTimers();
  });

  const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
  const statuses = (): Record<string, string> =>
    Object.fromEntries([...sink.users].map(([user, { status }]) => [user, status]));

  const start = async (options: Partial<FollowOptions> = {}): Promise<void> => {
    const told: FollowOptions['sink'] = {
      load: () => sink.load(),
      known: () => sink.known?.() ?? [],
      knownPlaces: () => sink.knownPlaces?.() ?? [],
      forget: () => {
        story.push('forget');
        return sink.forget();
      },
      replace: (page) => {
        story.push(`replace ${page.map(({ user }) => user)}`);
        return sink.replace(page);
      },
      replacePlace: (place, members) => {
        story.push(`place ${place}: ${members.map(({ user }) => user)}`);
        return sink.replacePlace?.(place, members);
      },
      apply: (events, cursor) => {
        story.push(`apply ${events.length} ${cursor ?? ''}`.trim());
        return sink.apply(events, cursor);
      },
    };
    void follow({
      url: 'http://rollcall.test',
      getToken: () => 'token',
      fetch: server.fetch,
      sink: told,
      signal: stopping.signal,
      onState: (state) => states.push(state),
      ...options,
    }).then(
      () => {
        outcome = 'stopped';
      },
      (error: unknown) => {
        outcome = error;
      },
    );
    await settle();
  };

  it('takes a cursor first, closes the stream, reads the snapshot, and continues from the cursor', async () => {
    server.online = [presence('ann', 'online', 5), presence('bob', 'away', 6), presence('cem', 'busy', 7)];
    await start();
    expect(story).toEqual(['forget', 'replace ann,bob', 'replace cem', 'apply 0 c1', 'apply 0 c2']);
    expect(server.streams.map(({ cursor, closed }) => [cursor, closed])).toEqual([
      [undefined, true],
      ['c1', false],
    ]);
    // What happened while the snapshot was read comes from the cursor, and counts by its version.
    server.stream.event(transition('ann', 'away', 4));
    server.stream.event(transition('bob', 'online', 8));
    server.stream.id('c3');
    await settle();
    expect(statuses()).toEqual({ ann: 'online', bob: 'online', cem: 'busy' });
    expect(sink.cursor).toBe('c3');
  });

  it('keeps no stream open while a snapshot takes minutes', async () => {
    let release = (): void => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    server.intercept = ({ path }) =>
      path === '/v1/presence/online' && server.calls.length === 1
        ? slow.then(() => Response.json({ users: [] }))
        : undefined;
    await start();
    expect(server.streams).toHaveLength(1);
    expect(server.stream.closed).toBe(true);
    await settle(25_000);
    release();
    await settle();
    expect(server.stream.cursor).toBe('c1');
    expect(server.calls).toHaveLength(1);
  });

  it('begins with the snapshot again when it was killed before the cursor was stored', async () => {
    await start();
    expect(story.indexOf('forget')).toBeLessThan(story.indexOf('apply 0 c1'));
    expect(story.filter((call) => call.startsWith('apply')).at(0)).toBe('apply 0 c1');
  });

  it('continues from a stored cursor without a snapshot', async () => {
    await sink.apply([], 'stored');
    await start();
    expect(server.calls).toEqual([]);
    expect(server.stream.cursor).toBe('stored');
  });

  it('commits a cursor with the rows before it, and rows alone when the batch is full', async () => {
    await sink.apply([], 'stored');
    server.firstId = undefined;
    await start();
    for (let i = 1; i <= 1001; i += 1) server.stream.event(transition(`u${i}`, 'online', i));
    await settle();
    expect([story, sink.cursor]).toEqual([['apply 1000'], 'stored']);
    server.stream.id('c2');
    await settle();
    expect([story, sink.cursor]).toEqual([['apply 1000', 'apply 1 c2'], 'c2']);
  });

  it('drops what no cursor followed when the stream breaks: it comes again', async () => {
    await sink.apply([], 'stored');
    server.firstId = undefined;
    await start();
    server.stream.event(transition('ann', 'online', 1));
    await settle();
    server.stream.break();
    await settle(2_000);
    expect(server.stream.cursor).toBe('stored');
    server.stream.event(transition('ann', 'online', 1));
    server.stream.id('c2');
    await settle();
    expect(story).toEqual(['apply 1 c2']);
  });

  it('takes what is repeated once', async () => {
    const changes: string[] = [];
    sink = memorySink((users) => changes.push(...users));
    await sink.apply([transition('ann', 'online', 3)], 'stored');
    await start();
    for (const ver of [2, 3, 4, 3, 4])
      server.stream.event(transition('ann', ver === 4 ? 'busy' : 'away', ver));
    server.stream.id('c2');
    await settle();
    expect([statuses(), changes]).toEqual([{ ann: 'busy' }, ['ann', 'ann']]);
  });

  it('forgets the cursor at a reset, and then takes a snapshot whatever versions it has', async () => {
    await sink.apply([transition('ann', 'online', 900), transition('bob', 'online', 901)], 'stored');
    server.online = [presence('ann', 'busy', 5)];
    server.known.set('bob', presence('bob', 'offline', 6));
    await start();
    server.stream.event(transition('ann', 'away', 902));
    server.stream.reset();
    await settle();
    expect(story).toEqual([
      'apply 0 c1',
      'forget',
      'forget',
      'replace ann',
      'replace bob',
      'apply 0 c2',
      'apply 0 c3',
    ]);
    expect(statuses()).toEqual({ ann: 'busy', bob: 'offline' });
    expect(server.stream.cursor).toBe('c2');
    server.stream.event(transition('ann', 'online', 7));
    server.stream.id('c4');
    await settle();
    expect(statuses().ann).toBe('online');
  });

  it('does not read snapshots in a row when resets come in a row', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999);
    await sink.apply([], 'stored');
    await start();
    const snapshots = (): number => server.calls.filter((call) => call.includes('/online')).length;
    const until = performance.now() + 60_000;
    while (performance.now() < until) {
      if (!server.stream.closed && server.stream.cursor !== undefined) server.stream.reset();
      await settle(50);
    }
    // 0, 2, 4, 8, 16 and 30 seconds apart.
    expect(snapshots()).toBeGreaterThan(4);
    expect(snapshots()).toBeLessThan(8);
  });

  it('waits until a snapshot is known, and never takes it for empty', async () => {
    let asked = 0;
    server.online = [presence('ann', 'online', 1)];
    server.intercept = ({ path }) =>
      path === '/v1/presence/online' && ++asked <= 3 ? problem(503, { 'retry-after': '2' }) : undefined;
    await start();
    await settle(5_000);
    expect(story).toEqual(['forget']);
    await settle(2_000);
    expect(statuses()).toEqual({ ann: 'online' });
  });

  it('begins again when the data were lost between two pages', async () => {
    server.online = [1, 2, 3].map((n) => presence(`u${n}`, 'online', n));
    let asked = 0;
    server.intercept = ({ path }) =>
      path === '/v1/presence/online' && ++asked === 2 ? problem(400) : undefined;
    await start();
    await settle(3_000);
    expect(Object.keys(statuses())).toEqual(['u1', 'u2', 'u3']);
    expect(sink.cursor).toBe('c3');
    expect(outcome).toBeUndefined();
  });

  it('asks in batches for the users it has who are not online', async () => {
    const known = Array.from({ length: 1500 }, (_, i) => `u${i}`);
    server.online = [presence('u0', 'online', 9)];
    await sink.replace(known.map((user) => presence(user, 'online', 1)));
    await start();
    expect(server.calls.filter((call) => call.startsWith('POST'))).toHaveLength(2);
    expect(Object.values(statuses()).filter((status) => status === 'online')).toHaveLength(1);
  });

  it('reads only those that its filter names', async () => {
    server.known.set('ann', presence('ann', 'away', 3));
    await start({ filter: { users: ['ann'] } });
    expect(server.calls).toEqual(['POST /v1/presence/batch']);
    expect(statuses()).toEqual({ ann: 'away' });
  });

  it('resets the row of a forgotten user, and keeps repeated events of before out', async () => {
    await sink.apply([transition('ann', 'busy', 5)], 'stored');
    await start();
    server.stream.event(forgotten('ann', 6));
    server.stream.event(transition('ann', 'busy', 5));
    server.stream.id('c2');
    await settle();
    expect(sink.users.get('ann')).toEqual({ user: 'ann', status: 'offline', ver: 6 });
  });

  it.each([{ groups: ['team'] }, { status: ['online' as const] }])(
    'refuses %j, which hides who leaves',
    async (filter) => {
      await start({ filter });
      expect((outcome as FollowError).code).toBe('invalid');
      expect(server.streams).toEqual([]);
    },
  );

  it('keeps who is in a place, with data, from the snapshot on', async () => {
    const since = '2026-11-21T09:30:00.000Z';
    await sink.replacePlace?.('doc:2', [{ user: 'old', since, ver: 1 }]);
    server.places.set('doc:1', [{ user: 'ann', since, ver: 5, data: { at: 1 } }]);
    await start({ filter: { places: ['doc:1', 'doc:*'] } });
    expect(story.filter((call) => call.startsWith('place'))).toEqual(['place doc:1: ann', 'place doc:2: ']);
    expect([...sink.places.keys()]).toEqual(['doc:1']);
    server.stream.event(placed('doc:1', 'ann', 'entered', 4));
    server.stream.event(placed('doc:1', 'ann', 'changed', 6, { at: 2 }));
    server.stream.event(placed('doc:9', 'bob', 'entered', 7));
    server.stream.event(placed('doc:9', 'bob', 'left', 8));
    // Again, as after a reconnect.
    server.stream.event(placed('doc:9', 'bob', 'entered', 7));
    server.stream.id('c3');
    await settle();
    expect([...(sink.places.get('doc:1')?.values() ?? [])]).toEqual([
      { user: 'ann', since, ver: 6, data: { at: 2 } },
    ]);
    expect([...sink.places.keys()]).toEqual(['doc:1']);
  });

  it('forgets the cursor of another deployment only after the stream opened without it', async () => {
    await sink.apply([], 'foreign');
    server.intercept = ({ cursor }) => (cursor === 'foreign' ? problem(400) : undefined);
    await start();
    expect(sink.cursor).toBe('c2');

    stopping.abort();
    await settle();
    stopping = new AbortController();
    story = [];
    await sink.apply([], 'kept');
    server.intercept = () => problem(400);
    await start();
    expect((outcome as FollowError).code).toBe('invalid');
    expect([story, sink.cursor]).toEqual([[], 'kept']);
  });

  it('waits for a slow sink, says so after a minute, and loses nothing', async () => {
    await sink.apply([], 'stored');
    let release = (): void => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const apply = sink.apply.bind(sink);
    sink.apply = async (events, cursor) => {
      await slow;
      return apply(events, cursor);
    };
    await start();
    await settle(59_000);
    expect(states.some(({ state }) => state === 'slow_sink')).toBe(false);
    await settle(62_000);
    expect(states.filter(({ state }) => state === 'slow_sink')).toEqual([
      { state: 'slow_sink', ms: 60_000 },
      { state: 'slow_sink', ms: 120_000 },
    ]);
    // The server ended the stream meanwhile.
    server.stream.event(transition('ann', 'online', 2));
    server.stream.id('c7');
    server.stream.end();
    release();
    await settle();
    expect([statuses(), sink.cursor]).toEqual([{ ann: 'online' }, 'c7']);
  });

  it('ends with the very error of its sink', async () => {
    await sink.apply([], 'stored');
    const broken = new Error('the disk is full');
    sink.apply = () => {
      throw broken;
    };
    await start();
    expect(outcome).toBe(broken);
    expect(server.stream.closed).toBe(true);
  });

  it('stops at its signal: while it follows, and in the middle of a snapshot', async () => {
    await start();
    stopping.abort();
    await settle();
    expect([outcome, server.stream.closed, vi.getTimerCount()]).toEqual(['stopped', true, 0]);

    stopping = new AbortController();
    outcome = undefined;
    await sink.forget();
    server.intercept = ({ path }) => (path === '/v1/events' ? undefined : problem(503));
    await start();
    stopping.abort();
    await settle();
    expect([outcome, sink.cursor, vi.getTimerCount()]).toEqual(['stopped', undefined, 0]);
  });
});
