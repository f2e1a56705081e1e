// @vitest-environment happy-dom
import { act, cleanup, render, renderHook } from '@testing-library/react';
import { type ReactNode, StrictMode } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  RollcallProvider,
  timeAgo,
  useClient,
  useConnection,
  useCount,
  useLastSeen,
  useMembers,
  useNote,
  useOwnStatus,
  usePlace,
  usePlaceMembers,
  usePresence,
  usePresenceOf,
  useTyping,
  useTypingUsers,
} from '../../src/react/index.ts';
import { StubClient } from './stub-client.ts';

let client: StubClient;
let complaints: unknown[][];
beforeEach(() => {
  vi.useFakeTimers();
  client = new StubClient();
  complaints = [];
  vi.spyOn(console, 'error').mockImplementation((...words) => complaints.push(words));
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  expect(complaints).toEqual([]);
});

const wrapper = ({ children }: { children: ReactNode }) => (
  <RollcallProvider client={client}>{children}</RollcallProvider>
);
const strict = ({ children }: { children: ReactNode }) => <StrictMode>{wrapper({ children })}</StrictMode>;
const hook = <T, P>(run: (props: P) => T, initialProps?: P) =>
  renderHook(run, { wrapper, ...(initialProps !== undefined && { initialProps }) });

const Row = ({ user, rendered }: { user: string; rendered: Map<string, number> }) => {
  usePresence(user, { watch: false });
  rendered.set(user, (rendered.get(user) ?? 0) + 1);
  return null;
};

describe('the provider', () => {
  it('connects once in StrictMode, and closes a second after the last one is gone', () => {
    const { unmount } = render(<div />, { wrapper: strict });
    expect(client.calls).toEqual(['connect']);
    const { unmount: other } = render(<div />, { wrapper });
    unmount();
    vi.advanceTimersByTime(5_000);
    expect(client.calls).toEqual(['connect']);
    other();
    vi.advanceTimersByTime(900);
    expect(client.calls).toEqual(['connect']);
    vi.advanceTimersByTime(200);
    expect(client.calls).toEqual(['connect', 'close']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps the connection over a remount, and connects again after a close', () => {
    render(<div />, { wrapper }).unmount();
    vi.advanceTimersByTime(500);
    render(<div />, { wrapper }).unmount();
    vi.advanceTimersByTime(2_000);
    expect(client.calls).toEqual(['connect', 'close']);
    render(<div />, { wrapper });
    expect(client.calls).toEqual(['connect', 'close', 'connect']);
  });

  it('leaves a client alone that the app connected', () => {
    client.connect();
    render(<div />, { wrapper }).unmount();
    vi.advanceTimersByTime(2_000);
    expect(client.calls).toEqual(['connect']);
  });

  it('says what is missing without one', () => {
    expect(() => renderHook(() => useClient())).toThrow('<RollcallProvider client={…}>');
    complaints = [];
  });

  it('closes every watch and subscription that was opened, also in StrictMode', () => {
    const { unmount } = renderHook(
      () => {
        usePresence('ann');
        usePresenceOf(['bob', 'cem']);
        useMembers({ group: 'g' });
        useCount({ tenant: true });
        useTypingUsers({ place: 'p' });
        usePlaceMembers('p', { top: 3 });
        useConnection();
        useOwnStatus();
      },
      { wrapper: strict },
    );
    expect([...client.watches]).toEqual([
      ['{"users":["ann"]}', 1],
      ['{"users":["bob","cem"]}', 1],
      ['{"groups":["g"]}', 1],
      ['{"tenant":true,"count":true}', 1],
      ['{"places":["p"]}', 1],
      ['{"places":["p"],"top":3}', 1],
    ]);
    unmount();
    expect([client.watches.size, client.subscriptions.size]).toEqual([0, 0]);
  });
});

describe('usePresence', () => {
  it('is loading, then what the client shows', () => {
    const { result } = hook(() => usePresence('ann'));
    expect(result.current).toEqual({ known: false, why: 'loading' });
    act(() => client.shows({ user: 'ann', status: 'busy' }));
    expect(result.current).toBe(client.view('ann'));
    act(() => client.refuses('ann'));
    expect(result.current).toEqual({ known: false, why: 'forbidden' });
  });

  it('reads another user in the very render in which the id changes', () => {
    client.shows({ user: 'ann', status: 'busy' }, { user: 'bob', status: 'away' });
    const seen: unknown[] = [];
    const { rerender } = hook(
      ({ user }) => {
        const view = usePresence(user);
        seen.push([user, view.known && view.presence.user]);
      },
      { user: 'ann' },
    );
    rerender({ user: 'bob' });
    expect(seen).toEqual([
      ['ann', 'ann'],
      ['bob', 'bob'],
    ]);
    expect([...client.watches.keys()]).toEqual(['{"users":["bob"]}']);
  });

  it('renders one row of a thousand when one user changes', () => {
    const users = Array.from({ length: 1000 }, (_, i) => `u${i}`);
    client.shows(...users.map((user) => ({ user })));
    const rendered = new Map<string, number>();
    render(
      users.map((user) => <Row key={user} user={user} rendered={rendered} />),
      { wrapper },
    );
    rendered.clear();
    act(() => client.shows({ user: 'u7', status: 'away', ver: 2 }));
    expect([...rendered]).toEqual([['u7', 1]]);
    expect(client.watches.size).toBe(0);
  });

  it('does not follow a list of users that is made again in each render', () => {
    client.shows({ user: 'ann' }, { user: 'bob', status: 'busy' });
    const watch = vi.spyOn(client, 'watch');
    let renders = 0;
    const { result, rerender } = hook(() => {
      renders += 1;
      return usePresenceOf(
        ['ann', 'bob'],
        (views) => views.filter((view) => view.known && view.presence.status === 'busy').length,
      );
    });
    expect(result.current).toBe(1);
    rerender();
    expect(watch).toHaveBeenCalledTimes(1);
    renders = 0;
    act(() => client.shows({ user: 'ann', status: 'away', ver: 2 }));
    expect([result.current, renders]).toEqual([1, 0]);
    act(() => client.shows({ user: 'ann', status: 'busy', ver: 3 }));
    expect([result.current, renders]).toEqual([2, 1]);
  });

  it('notices what changed between render and subscription', () => {
    const subscribe = client.subscribe.bind(client);
    let once = true;
    client.subscribe = (topic, listener) => {
      if (once && JSON.stringify(topic) === '{"user":"ann"}') {
        once = false;
        client.shows({ user: 'ann', status: 'away', ver: 2 });
      }
      return subscribe(topic, listener);
    };
    const { result } = hook(() => usePresence('ann'));
    expect(result.current.known && result.current.presence.status).toBe('away');
  });
});

describe('useMembers', () => {
  const of = { group: 'g' };
  const busyFirst = (renders: () => void) => () => {
    renders();
    return useMembers(of);
  };

  it('sorts by status and name, and keeps its array until members or order change', () => {
    client.shows(
      { user: 'a', status: 'away', name: 'Zoe' },
      { user: 'b', status: 'online', name: 'Ben' },
      { user: 'c', status: 'online', name: 'Ann' },
    );
    let renders = 0;
    const { result } = hook(busyFirst(() => (renders += 1)));
    expect(result.current).toBeUndefined();
    act(() => client.hasMembers(of, ['a', 'b', 'c']));
    expect(result.current).toEqual(['c', 'b', 'a']);
    const before = result.current;
    renders = 0;
    act(() => client.shows({ user: 'c', status: 'online', name: 'Ann', text: 'new', ver: 2 }));
    expect([result.current === before, renders]).toEqual([true, 0]);
    act(() => client.shows({ user: 'a', status: 'online', name: 'Aaron', ver: 3 }));
    expect([result.current, renders]).toEqual([['a', 'c', 'b'], 1]);
  });

  it('filters, limits and sorts as it is told, with functions that are new in each render', () => {
    client.shows({ user: 'a', status: 'offline' }, { user: 'b' }, { user: 'c' });
    client.hasMembers(of, ['a', 'b', 'c']);
    const { result } = hook(() =>
      useMembers(of, {
        sort: (a, b) => (a.user > b.user ? -1 : 1),
        filter: ({ view }) => view.known && view.presence.status !== 'offline',
        limit: 1,
      }),
    );
    expect(result.current).toEqual(['c']);
    act(() => client.shows({ user: 'd', ver: 2 }));
    act(() => client.hasMembers(of, ['a', 'b', 'c', 'd']));
    expect(result.current).toEqual(['d']);
  });

  it('leaves the list of the client as it is', () => {
    const users = Object.freeze(['b', 'a']);
    client.shows({ user: 'a' }, { user: 'b' });
    client.hasMembers(of, users);
    const { result } = hook(() => useMembers(of));
    expect(result.current).toEqual(['a', 'b']);
  });
});

describe('the other hooks', () => {
  it('useConnection renders for what was selected alone', () => {
    let renders = 0;
    const { result } = hook(() => {
      renders += 1;
      return useConnection(({ state }) => ({ lost: state === 'waiting' || state === 'connecting' }));
    });
    expect(result.current).toEqual({ lost: false });
    renders = 0;
    act(() => client.is({ state: 'waiting', attempt: 1, nextAt: 1 }));
    act(() => client.is({ state: 'connecting', attempt: 1 }));
    act(() => client.is({ state: 'waiting', attempt: 2, nextAt: 2 }));
    expect([result.current, renders]).toEqual([{ lost: true }, 1]);
  });

  it('useCount gives numbers', () => {
    const { result } = hook(() => useCount({ group: 'g' }));
    expect(result.current).toEqual({ known: false, why: 'loading' });
    act(() => client.counts({ group: 'g' }, { present: 3, members: 9 }));
    expect(result.current.known && result.current.numbers).toEqual({ present: 3, members: 9 });
  });

  it('useTyping keeps its object, and stops on unmount and for another target', () => {
    const { result, rerender, unmount } = hook(({ group }) => useTyping({ group }), { group: 'g' });
    const first = result.current;
    rerender({ group: 'g' });
    expect(result.current).toBe(first);
    first.input();
    rerender({ group: 'h' });
    unmount();
    expect(client.calls.filter((call) => call.startsWith('typ'))).toEqual([
      'typing {"group":"g"}',
      'typed {"group":"g"}',
      'typed {"group":"h"}',
    ]);
  });

  it('useTypingUsers gives who types', () => {
    const { result } = hook(() => useTypingUsers({ group: 'g' }));
    expect(result.current).toEqual([]);
    act(() => client.types({ group: 'g' }, ['ann']));
    expect(result.current).toEqual(['ann']);
  });

  it('useOwnStatus and useNote read and set what is one’s own', async () => {
    const { result } = hook(() => ({ own: useOwnStatus(), note: useNote() }));
    expect(result.current.own[0]).toBeUndefined();
    act(() => client.isSelf({ status: 'busy', note: { text: 'hi' } }));
    expect(result.current.own[0]?.status).toBe('busy');
    expect(result.current.note[0]).toEqual({ text: 'hi' });
    await result.current.own[1]({ status: 'away' });
    await result.current.note[1](null);
    expect(client.calls.slice(1)).toEqual(['status {"status":"away"}', 'note null']);
  });

  it('usePlace enters once in StrictMode, tells changed data once, and leaves a second later', () => {
    const { rerender, unmount } = renderHook(({ data }) => usePlace('doc:1', data), {
      wrapper: strict,
      initialProps: { data: { at: 1 } },
    });
    rerender({ data: { at: 1 } });
    rerender({ data: { at: 2 } });
    rerender({ data: { at: 2 } });
    unmount();
    vi.advanceTimersByTime(900);
    expect(client.calls).toEqual(['enter doc:1 {"at":1}', 'connect', 'update doc:1 {"at":2}']);
    vi.advanceTimersByTime(200);
    expect(client.calls).toContain('leave doc:1');
  });

  it('usePlace stays over a change of route, with the data of the new one', () => {
    hook(() => usePlace('doc:2', { page: 'a' })).unmount();
    vi.advanceTimersByTime(500);
    hook(() => usePlace('doc:2', { page: 'b' }));
    vi.advanceTimersByTime(5_000);
    expect(client.calls.filter((call) => call.includes('doc'))).toEqual([
      'enter doc:2 {"page":"a"}',
      'update doc:2 {"page":"b"}',
    ]);
  });

  it('usePlace moves to another place, and into none', () => {
    const { rerender } = hook(({ place }) => usePlace(place), { place: 'a' as string | undefined });
    rerender({ place: 'b' });
    rerender({ place: undefined });
    vi.advanceTimersByTime(1_100);
    expect(client.calls).toEqual(['enter a', 'connect', 'enter b', 'leave a', 'leave b']);
  });

  it('usePlaceMembers gives who is there', () => {
    const { result } = hook(() => usePlaceMembers('doc:1'));
    expect(result.current).toEqual({ known: false, why: 'loading' });
    const member = { user: 'ann', since: '2026-11-21T09:30:00.000Z', ver: 1 };
    act(() => client.hasInPlace('doc:1', [member]));
    expect(result.current).toBe(client.place('doc:1'));
  });

  it('useLastSeen follows the time by one timer, which stops when nothing shows a time', () => {
    client.shows({ user: 'ann', status: 'offline', lastSeen: '2026-11-21T11:58:30.000Z' });
    const { result, unmount } = hook(() => useLastSeen(client.view('ann'), { locale: 'en' }));
    const other = hook(() => useLastSeen(client.view('ann'), { locale: 'de' }));
    expect([result.current, other.result.current]).toEqual(['1 minute ago', 'vor 1 Minute']);
    client.time += 60_000;
    act(() => vi.advanceTimersByTime(60_000));
    expect(result.current).toBe('2 minutes ago');
    unmount();
    other.unmount();
    vi.advanceTimersByTime(1_100);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('timeAgo', () => {
  const now = Date.parse('2026-11-21T12:30:00.000Z');
  it.each([
    ['2026-11-21T12:29:30.000Z', 'now'],
    ['2026-11-21T12:35:00.000Z', 'now'],
    ['2026-11-21T12:28:59.000Z', '1 minute ago'],
    ['2026-11-21T09:29:00.000Z', '3 hours ago'],
    ['2026-11-20T12:29:00.000Z', 'yesterday'],
    ['2026-11-07T12:29:00.000Z', '2 weeks ago'],
    // Rounded by the service.
    ['2026-11-21T12:00:00.000Z', 'this hour'],
    ['2026-11-21T11:00:00.000Z', '1 hour ago'],
  ])('says of %s: %s', (time, words) => {
    expect(timeAgo(time, now, 'en')).toBe(words);
  });
});
