import { expect, it } from 'vitest';
import { TimerWheel } from '../../../src/session/timer-wheel.ts';
import { type Listener, TypingDesk } from '../../../src/session/typing-desk.ts';
import { FakeFeed, principal } from './fakes.ts';

const SIGNAL = {
  type: 'typing',
  tenant: 'acme',
  from: 'anna',
  to: { user: 'bob' },
  on: true,
  groups: [],
} as const;

const rig = () => {
  let now = 0;
  const heard: { at: number; on: boolean }[] = [];
  const bob = principal('bob');
  const listener: Listener = {
    ref: { tenant: 'acme', user: 'bob' },
    principal: bob,
    groups: [],
    open: true,
    buffered: 0,
    send: (frame) => void heard.push({ at: now, on: (JSON.parse(frame.toString()) as { on: boolean }).on }),
  };
  const onError = (error: unknown): never => {
    throw error;
  };
  const wheel = new TimerWheel({ monotonic: () => now, tickMs: 100, onError });
  const feed = new FakeFeed();
  const desk = new TypingDesk({
    typists: { stop: () => undefined },
    settings: { watchPolicy: 'tenant' },
    feed,
    wheel,
    connectionsOf: ({ user }) => (user === 'bob' ? [listener] : []),
  });
  desk.start();
  const pass = (ms: number): void => {
    for (const end = now + ms; now < end; ) {
      now += 100;
      wheel.advance();
    }
  };
  return { feed, desk, heard, listener, pass };
};

it('ends typing six seconds after it was last said', () => {
  const { feed, heard, pass } = rig();
  feed.hear(SIGNAL);
  pass(4000);
  feed.hear(SIGNAL);
  pass(5900);
  expect(heard.map(({ on }) => on)).toEqual([true, true]);
  pass(300);
  expect(heard).toHaveLength(3);
  expect(heard[2]?.on).toBe(false);
  pass(20_000);
  expect(heard).toHaveLength(3);
});

it('says the end once when it was said before', () => {
  const { feed, heard, pass } = rig();
  feed.hear(SIGNAL);
  feed.hear({ ...SIGNAL, on: false });
  pass(10_000);
  expect(heard.map(({ on }) => on)).toEqual([true, false]);
});

it('tells nobody who does not read', () => {
  const { feed, heard, listener } = rig();
  Object.assign(listener, { buffered: 1_000_000 });
  feed.hear(SIGNAL);
  expect(heard).toEqual([]);
});

it('keeps nothing of what nobody here hears', () => {
  const { feed, heard, pass } = rig();
  feed.hear({ ...SIGNAL, to: { user: 'eve' } });
  pass(10_000);
  expect(heard).toEqual([]);
});
