import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EventsOptions, events, type FollowError, type FollowState } from '../src/index.ts';
import { FakeRollcall, problem, transition } from './fake-rollcall.ts';

type Item = Awaited<ReturnType<ReturnType<typeof events>['next']>>['value'];

const short = (item: Item): string => {
  if (!item) return 'end';
  if (item.type === 'cursor') return `cursor ${item.cursor}`;
  if (item.type === 'rollcall.transition') return `${item.data.user} ${item.data.status}`;
  return item.type;
};

describe('events over many connections', () => {
  let server: FakeRollcall;
  let states: FollowState[];
  let ending: AbortController;
  let got: string[];
  let failure: unknown;
  let ended: boolean;
  beforeEach(() => {
    vi.useFakeTimers();
    server = new FakeRollcall();
    states = [];
    got = [];
    failure = undefined;
    ended = false;
    ending = new AbortController();
  });
  afterEach(() => {
    ending.abort();
    vi.useRealTimers();
  });

  const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

  const read = async (
    options: Partial<EventsOptions> = {},
    cursor?: string,
    work: (item: string) => Promise<void> | void = () => {},
  ): Promise<void> => {
    const stream = events(
      {
        url: 'http://rollcall.test',
        getToken: () => 'token',
        fetch: server.fetch,
        signal: ending.signal,
        onState: (state) => states.push(state),
        ...options,
      },
      cursor,
    );
    void (async () => {
      for await (const item of stream) {
        got.push(short(item));
        await work(short(item));
      }
      ended = true;
    })().catch((error: unknown) => {
      failure = error;
    });
    await settle();
  };

  it('asks for what the filter says, below the path of the address', async () => {
    const paths: string[] = [];
    await read({
      url: 'http://rollcall.test/presence/',
      tenant: 'acme',
      filter: { users: ['a', 'b'], places: ['doc:*'] },
      fetch: async (input) => {
        paths.push(String(input));
        return problem(403);
      },
    });
    expect(paths).toEqual(['http://rollcall.test/presence/v1/events?users=a%2Cb&places=doc%3A*&tenant=acme']);
    expect((failure as FollowError).code).toBe('forbidden');
  });

  it.each([
    ['an id with a comma', { users: ['a,b'] }],
    ['an empty list, which would ask for everybody', { users: [] }],
  ])('refuses %s', async (_, filter) => {
    await read({ filter });
    expect((failure as FollowError).code).toBe('invalid');
    expect(server.streams).toEqual([]);
  });

  it('passes on what comes, in order, and leaves out what it does not know', async () => {
    await read();
    server.stream.event(transition('ann', 'online', 1));
    server.stream.write(
      'event: novelty\ndata: {}\n\nevent: transition\ndata: {"type":"rollcall.novelty"}\n\n',
    );
    server.stream.id('c2');
    server.stream.reset();
    await settle();
    expect(got).toEqual(['open', 'cursor c1', 'ann online', 'cursor c2', 'reset']);
  });

  it('resumes from the newest cursor, after the delay that the server asked for', async () => {
    await read({}, 'stored');
    expect(server.stream.cursor).toBe('stored');
    server.stream.write('retry: 4000\n\n');
    server.stream.id('c9');
    server.stream.event(transition('ann', 'online', 1));
    server.stream.end();
    await settle(1_900);
    expect(server.streams).toHaveLength(1);
    await settle(4_200);
    expect(server.streams).toHaveLength(2);
    expect(server.stream.cursor).toBe('c9');
  });

  it('does not resume behind an event that its consumer has not taken', async () => {
    let release = (): void => {};
    const busy = new Promise<void>((resolve) => {
      release = resolve;
    });
    await read({}, undefined, (item) => (item === 'ann online' ? busy : undefined));
    server.stream.write(
      `event: transition\ndata: ${JSON.stringify(transition('ann', 'online', 1))}\n\nid: c2\n\n`,
    );
    await settle();
    expect(got.at(-1)).toBe('ann online');
    release();
    await settle();
    expect(got.at(-1)).toBe('cursor c2');
  });

  it('keeps the older cursor at an empty id', async () => {
    await read();
    server.stream.write('id:\ndata: {}\n\n');
    server.stream.end();
    await settle(2_000);
    expect(server.stream.cursor).toBe('c1');
  });

  it('does not resume at all after a reset without a cursor', async () => {
    await read({}, 'old');
    server.stream.reset();
    server.stream.break();
    server.firstId = undefined;
    await settle(2_000);
    expect(server.streams).toHaveLength(2);
    expect(server.stream.cursor).toBeUndefined();
  });

  it('gives up a stream on which nothing comes for 45 seconds; comments keep it', async () => {
    await read();
    for (let i = 0; i < 8; i += 1) {
      await settle(15_000);
      server.stream.write(':\n\n');
    }
    await settle(44_000);
    expect(server.streams).toHaveLength(1);
    await settle(3_000);
    expect(server.streams).toHaveLength(2);
    expect(states.find((state) => state.state === 'waiting')).toMatchObject({ error: { code: 'silent' } });
    expect(server.streams[0]?.closed).toBe(true);
  });

  it('gives up a connection that never answers', async () => {
    server.intercept = () => new Promise(() => {});
    const fetchIt = vi.fn(
      (_: unknown, init?: RequestInit) =>
        new Promise<Response>((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
        }),
    );
    await read({ fetch: fetchIt as typeof fetch });
    await settle(46_100);
    expect(fetchIt).toHaveBeenCalledTimes(2);
  });

  it('does not count the time in which its consumer works as silence', async () => {
    let release = (): void => {};
    const busy = new Promise<void>((resolve) => {
      release = resolve;
    });
    await read({}, undefined, (item) => (item === 'cursor c1' ? busy : undefined));
    await settle(300_000);
    server.stream.event(transition('ann', 'online', 1));
    release();
    await settle(10);
    expect(got).toEqual(['open', 'cursor c1', 'ann online']);
    expect(server.streams).toHaveLength(1);
  });

  it('asks for a new token once when one is refused, and then ends', async () => {
    const reasons: string[] = [];
    server.intercept = ({ token }) => (token === 'Bearer good' ? undefined : problem(401));
    await read({
      getToken: ({ reason }) => {
        reasons.push(reason);
        return reason === 'rejected' ? 'good' : 'bad';
      },
    });
    expect(reasons).toEqual(['connect', 'rejected']);
    expect(got).toEqual(['open', 'cursor c1']);
    server.intercept = () => problem(401);
    server.stream.end();
    await settle(2_000);
    expect(reasons).toEqual(['connect', 'rejected', 'connect', 'rejected']);
    expect((failure as FollowError).code).toBe('unauthorized');
    await settle(60_000);
    expect(reasons).toHaveLength(4);
  });

  it('asks for a token at each connection', async () => {
    let issued = 0;
    await read({ getToken: () => `token-${++issued}` });
    server.stream.end();
    await settle(2_000);
    expect(server.streams.map(({ token }) => token)).toEqual(['Bearer token-1', 'Bearer token-2']);
  });

  it('tries again when no token can be had', async () => {
    let asked = 0;
    await read({
      getToken: () => {
        asked += 1;
        if (asked === 1) throw new Error('the login is down');
        return 'token';
      },
    });
    await settle(2_000);
    expect(got).toEqual(['open', 'cursor c1']);
    expect(states.find((state) => state.state === 'waiting')).toMatchObject({
      error: { code: 'unavailable', cause: { message: 'the login is down' } },
    });
  });

  it.each([
    ['429', 429, '20'],
    ['503', 503, '20'],
    ['503 with a date', 503, 'date'],
  ])('waits as long as a %s asks', async (_, status, header) => {
    const at = header === 'date' ? new Date(Date.now() + 20_000).toUTCString() : header;
    let asked = 0;
    server.intercept = () => (++asked === 1 ? problem(status, { 'retry-after': at }) : undefined);
    await read();
    await settle(18_500);
    expect(asked).toBe(1);
    await settle(6_000);
    expect(asked).toBe(2);
    expect(got).toEqual(['open', 'cursor c1']);
  });

  it('tries for ever, ever less often, with at most 30 seconds between', async () => {
    const at: number[] = [];
    server.intercept = () => {
      at.push(performance.now());
      return problem(502);
    };
    vi.spyOn(Math, 'random').mockReturnValue(0.999);
    await read();
    await settle(600_000);
    const gaps = at.slice(1).map((time, i) => Math.round((time - (at[i] ?? 0)) / 1000));
    expect(gaps.slice(0, 6)).toEqual([1, 2, 4, 8, 16, 30]);
    expect(Math.max(...gaps)).toBe(30);
  });

  it('reconnects when the stream is no event stream, garbled or without end', async () => {
    const page = new Response('<html>', { headers: { 'content-type': 'text/html' } });
    let asked = 0;
    server.intercept = () => (++asked === 1 ? page : undefined);
    await read();
    await settle(2_000);
    expect(server.streams).toHaveLength(1);
    server.stream.write('event: transition\ndata: {"type":\n\n');
    await settle(3_000);
    expect(server.streams).toHaveLength(2);
    server.stream.write(`data: ${'x'.repeat(1_100_000)}`);
    await settle(5_000);
    expect(server.streams).toHaveLength(3);
    expect(failure).toBeUndefined();
  });

  it('ends with its signal at any moment, and closes what is open', async () => {
    await read();
    ending.abort();
    await settle();
    expect([ended, server.stream.closed, failure]).toEqual([true, true, undefined]);
  });

  it('ends with its signal while it waits', async () => {
    server.intercept = () => problem(503, { 'retry-after': '100' });
    await read();
    ending.abort();
    await settle();
    expect([ended, failure, vi.getTimerCount()]).toEqual([true, undefined, 0]);
  });

  it('closes the stream when its consumer breaks off', async () => {
    const stream = events({ url: 'http://rollcall.test', getToken: () => 't', fetch: server.fetch });
    await stream.next();
    await stream.return();
    expect(server.stream.closed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
