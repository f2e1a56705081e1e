import { describe, expect, it } from 'vitest';
import type { Transition } from '../../../src/domain/model.ts';
import type { Work } from '../../../src/fanout/fair-turns.ts';
import type { Listener } from '../../../src/session/listener.ts';
import { TypingDesk } from '../../../src/session/typing-desk.ts';
import { TimerWheel } from '../../../src/time/timer-wheel.ts';
import { FakeFeed, principal, view } from './fakes.ts';

const SIGNAL = {
  type: 'typing',
  tenant: 'acme',
  from: 'anna',
  to: { user: 'bob' },
  on: true,
  groups: [],
} as const;

/** @param waits - takes work that is not done at once. */
const rig = (waits?: Work[]) => {
  let now = 0;
  const heard: { at: number; on: boolean }[] = [];
  const frames: object[] = [];
  const bob = principal('bob');
  const listener: Listener = {
    identity: { ref: { tenant: 'acme', user: 'bob' }, principal: bob, groups: ['g'] },
    open: true,
    watchedPlaces: new Set(),
    followsPlace: () => false,
    buffered: 0,
    send: (text) => {
      const frame = JSON.parse(text.toString()) as { on: boolean };
      frames.push(frame);
      heard.push({ at: now, on: frame.on });
    },
  };
  const onError = (error: unknown): never => {
    throw error;
  };
  const wheel = new TimerWheel({ monotonic: () => now, tickMs: 100, onError });
  const feed = new FakeFeed();
  const desk = new TypingDesk({
    turns: { add: (work) => void (waits === undefined ? work.run() : waits.push(work)) },
    typists: { stop: () => undefined },
    settings: { watchPolicy: 'tenant' },
    feed,
    wheel,
    connectionsOf: ({ user }) => (user === 'bob' ? [listener] : []),
  });
  desk.hears(listener);
  desk.start();
  const pass = (ms: number): void => {
    for (const end = now + ms; now < end; ) {
      now += 100;
      wheel.advance();
    }
  };
  return { feed, desk, heard, frames, listener, pass };
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

const SILENCE = { type: 'silence', tenant: 'acme', from: 'anna' } as const;
const shown = (status: 'online' | 'offline'): Transition => ({
  ...view('anna', status),
  ...{ tenant: 'acme', previous: 'away', reason: 'claim' },
});

it('ends in its turn, and at once when the typist goes meanwhile', () => {
  const waits: Work[] = [];
  const { feed, heard } = rig(waits);
  const goOn = (): void => {
    for (const work of waits.splice(0)) work.run();
  };
  feed.hear(SIGNAL);
  goOn();
  feed.hear({ ...SIGNAL, on: false });
  feed.hear({ ...SIGNAL, on: false });
  expect(heard.map(({ on }) => on)).toEqual([true]);
  goOn();
  expect(heard.map(({ on }) => on)).toEqual([true, false]);
  feed.hear(SIGNAL);
  goOn();
  feed.hear({ ...SIGNAL, on: false });
  feed.transition({ ...view('anna', 'offline'), tenant: 'acme', previous: 'online', reason: 'goodbye' });
  expect(heard.map(({ on }) => on)).toEqual([true, false, true, false]);
  goOn();
  expect(heard).toHaveLength(4);
});

it('loses no end when the next beginning is taken back before its turn', () => {
  const waits: Work[] = [];
  const { feed, heard } = rig(waits);
  feed.hear(SIGNAL);
  for (const work of waits.splice(0)) work.run();
  feed.hear({ ...SIGNAL, on: false });
  feed.hear(SIGNAL);
  feed.hear({ ...SIGNAL, on: false });
  for (const work of waits.splice(0)) work.run();
  expect(heard.map(({ on }) => on)).toEqual([true, false]);
});

it('ends everything a person types by one word, in the order in which it was said', () => {
  const { feed, frames, pass } = rig();
  const toGroup = { ...SIGNAL, to: { group: 'g' } } as const;
  feed.hear(SIGNAL);
  feed.hear(toGroup);
  pass(2500);
  feed.hear(SIGNAL);
  feed.hear(SILENCE);
  expect(frames.slice(3)).toEqual([
    { type: 'typing', from: 'anna', group: 'g', on: false },
    { type: 'typing', from: 'anna', on: false },
  ]);
  pass(10_000);
  expect(frames).toHaveLength(5);
});

// A node that has not heard yet that they hide still passes on what they type there.
it('tells nothing of who hides or was seen to go, however late it comes, until they are seen again', () => {
  for (const goes of [
    (feed: FakeFeed) => feed.hear(SILENCE),
    (feed: FakeFeed) => feed.transition(shown('offline')),
  ]) {
    const { feed, heard } = rig();
    goes(feed);
    feed.hear(SIGNAL);
    expect(heard).toEqual([]);
    feed.transition(shown('online'));
    feed.hear(SIGNAL);
    expect(heard).toHaveLength(1);
  }
});

it('keeps nothing of what nobody here hears', () => {
  const { feed, heard, pass } = rig();
  feed.hear({ ...SIGNAL, to: { user: 'eve' } });
  pass(10_000);
  expect(heard).toEqual([]);
});

describe('typing that waits for its turn', () => {
  const goOn = (waits: Work[]): void => {
    for (let work = waits.shift(); work !== undefined; work = waits.shift()) work.run();
  };

  it('is told in it', () => {
    const waits: Work[] = [];
    const { feed, heard } = rig(waits);
    feed.hear(SIGNAL);
    expect(heard).toEqual([]);
    goOn(waits);
    expect(heard.map(({ on }) => on)).toEqual([true]);
  });

  // Its end is told at once: behind it the beginning would last.
  it('is not told when it has ended, or who typed has gone, meanwhile', () => {
    for (const goes of [
      (feed: FakeFeed) => feed.hear({ ...SIGNAL, on: false }),
      (feed: FakeFeed) => feed.hear(SILENCE),
      (feed: FakeFeed) => feed.transition(shown('offline')),
    ]) {
      const waits: Work[] = [];
      const { feed, heard } = rig(waits);
      feed.hear(SIGNAL);
      goes(feed);
      goOn(waits);
      expect(heard).toEqual([]);
    }
  });

  it('is not told when it is late by more than a second', () => {
    const waits: Work[] = [];
    const { feed, heard, pass } = rig(waits);
    feed.hear(SIGNAL);
    pass(1500);
    goOn(waits);
    expect(heard).toEqual([]);
  });

  it('counts once, in its newest word', () => {
    const waits: Work[] = [];
    const { feed, heard } = rig(waits);
    for (let n = 0; n < 5; n += 1) feed.hear(SIGNAL);
    goOn(waits);
    expect(heard).toHaveLength(1);
  });
});
