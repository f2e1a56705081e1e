import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeMessage } from '../../src/store/redis/log-codec.ts';
import type { RedisStoreOptions } from '../../src/store/redis/redis-store.ts';
import { entryOf } from '../support/raw-store.ts';
import { isOneServer } from '../support/topologies/chosen-topology.ts';
import { GRACE, INTERVAL, START, TENANT, Timeline } from './timeline.ts';
import { useRedis } from './use-redis.ts';

const server = useRedis();
let line: Timeline;
let heard: { channel: string; message: string }[];
let undo: () => void;

const open = async (more: Partial<RedisStoreOptions> = {}): Promise<void> => {
  line = await Timeline.running(server.url(), ['a.0'], more);
  const subscriber = line.redis.duplicate();
  heard = [];
  const hear = (channel: string, message: string): void => {
    heard.push({ channel, message });
  };
  subscriber.on('smessage', hear);
  subscriber.on('message', hear);
  await subscriber.ssubscribe(line.keys.events);
  await subscriber.subscribe(`${line.raw.keys.tenantEvents}${TENANT}`, `${line.raw.keys.tenantEvents}other`);
  undo = () => subscriber.disconnect();
};
afterEach(async () => {
  undo();
  await line.stop();
});

/** Everything published so far: a last message of our own comes after it. */
const published = async (): Promise<{ partition: string[]; tenant: string[]; other: string[] }> => {
  await line.redis.spublish(line.keys.events, 'end');
  await expect.poll(() => heard.at(-1)?.message).toBe('end');
  const on = (channel: string): string[] =>
    heard.filter((each) => each.channel === channel).map((each) => each.message);
  return {
    partition: on(line.keys.events).filter((message) => message !== 'end'),
    tenant: on(`${line.raw.keys.tenantEvents}${TENANT}`),
    other: on(`${line.raw.keys.tenantEvents}other`),
  };
};
/** Fields of every log entry, as services read them. */
const logFields = async (): Promise<Record<string, string>[]> =>
  (await line.redis.xrange(line.keys.log, '-', '+')).map(([, flat]) =>
    Object.fromEntries(flat.flatMap((field, i) => (i % 2 === 0 ? [[field, flat[i + 1] ?? '']] : []))),
  );
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A life with every field and most reasons in it. */
const live = async (): Promise<void> => {
  const until = START + 10 * INTERVAL;
  await line.opens('a.0', 'ann', { name: 'Ann "A" ü', groups: ['g1', 'g "2"'], iat: 4, openedAgo: 9000 });
  await line.opens('a.0', 'bob', { tenant: 'other' });
  const claim = { status: 'busy', stamp: 7, text: 'a "b" \\ é 🚲 \u2028', emoji: '🚲', until } as const;
  await line.opens('a.0', 'ann', { claim, openedAgo: 9000 });
  await line.store.people.claimOwn({ tenant: TENANT, user: 'ann' }, { status: null });
  await line.pass(1500, 'a.0');
  await line.opens('a.0', 'ann', { idle: true, activeAgo: 1500, openedAgo: 9000 });
  await line.closes('a.0', 'ann', { idle: true, activeAgo: 1500 });
  await line.pass(GRACE, 'a.0');
  await line.sweep();
};

describe.skipIf(!isOneServer)('the event of a transition', () => {
  beforeEach(() => open());

  it('is the same in the log and on the channel of its tenant, and on no other channel', async () => {
    await live();
    const { tenant, other } = await published();
    const logged = (await logFields()).filter(({ k }) => k === 't').map(({ e }) => e ?? '');
    expect(tenant).toEqual(logged.filter((event) => JSON.parse(event).tenant === TENANT));
    expect(other).toEqual(logged.filter((event) => JSON.parse(event).tenant === 'other'));
    expect([tenant.length, other.length]).toEqual([5, 1]);
  });

  it('has the fields of the contract, those that say nothing left out, and times in RFC 3339', async () => {
    await live();
    const { tenant } = await published();
    const events = tenant.map((event) => JSON.parse(event));
    const common = { tenant: TENANT, user: 'ann', name: 'Ann "A" ü', groups: ['g1', 'g "2"'] };
    const iso = (ms: number): string => new Date(START + INTERVAL * 1.5 + ms).toISOString();
    const shown = {
      text: 'a "b" \\ é 🚲 \u2028',
      emoji: '🚲',
      until: new Date(START + 10 * INTERVAL).toISOString(),
    };
    const ver = expect.any(Number);
    expect(events).toEqual([
      { ...common, ver, status: 'online', previous: 'offline', since: iso(0), reason: 'connect' },
      {
        ...common,
        ver,
        status: 'busy',
        previous: 'online',
        since: iso(0),
        lastSeen: iso(0),
        reason: 'claim',
        ...shown,
      },
      { ...common, ver, status: 'online', previous: 'busy', since: iso(0), reason: 'claim' },
      {
        ...common,
        ver,
        status: 'away',
        previous: 'online',
        since: iso(1500),
        lastSeen: iso(0),
        reason: 'idle',
      },
      {
        ...common,
        ver,
        status: 'offline',
        previous: 'away',
        since: iso(1500 + GRACE),
        lastSeen: iso(0),
        reason: 'disconnect',
      },
    ]);
    for (const event of events) expect(event.since).toMatch(RFC3339);
  });

  /** The scripts compute dates themselves: any moment must come out as everybody else writes it. */
  it('writes any moment as others do', async () => {
    const moments = [
      START + 60_001,
      Date.UTC(2100, 1, 28, 23, 59, 59, 999),
      Date.UTC(2100, 2, 1),
      Date.UTC(2104, 1, 29, 12),
      Date.UTC(2399, 11, 31, 23, 59, 59, 999),
      Date.UTC(2400, 1, 29),
      Date.UTC(2400, 11, 31),
      Date.UTC(9999, 11, 31, 23, 59, 59, 999),
      ...Array.from({ length: 60 }, (_, i) => START + 3_141_592_653_589 * (i + 1)),
    ];
    const { length } = moments;
    await line.tell(
      'a.0',
      ...moments.map((until, i) => entryOf(`u${i}`, { claim: { status: 'busy', stamp: 1, until } })),
    );
    const events = (await published()).tenant.map((event) => JSON.parse(event));
    expect(events).toHaveLength(length);
    expect(events.map(({ until }) => until)).toEqual(moments.map((moment) => new Date(moment).toISOString()));
  });

  it('carries the version as an integer that JSON can hold', async () => {
    await live();
    for (const { e = '', v, k } of await logFields()) {
      expect([v, 'tc'.includes(k ?? '?')]).toEqual(['1', true]);
      if (k === 't') expect(e).toMatch(/"ver":\d{16}[,}]/);
    }
  });
});

describe.skipIf(!isOneServer)('a message to the nodes', () => {
  beforeEach(() => open());

  it('names the entry before its first and its last, so that a gap shows', async () => {
    await live();
    const messages = (await published()).partition.map(decodeMessage);
    let before = 0;
    for (const message of messages) {
      expect(message.gen).toBe(line.memory('a.0').gen);
      expect(message.before).toBe(before);
      expect(message.last).toBe(message.entries.at(-1)?.id);
      before = message.last;
    }
    expect(messages.flatMap(({ entries }) => entries)).toEqual(await line.log());
    expect(await line.beat('a.0')).toMatchObject({ last: before });
  });

  it('is one for everything a call recorded', async () => {
    await line.tell('a.0', ...Array.from({ length: 40 }, (_, i) => entryOf(`u${i}`)));
    const { partition } = await published();
    expect(partition).toHaveLength(1);
    expect(decodeMessage(partition[0] ?? '').entries).toHaveLength(40);
  });

  it('is none when nothing was recorded', async () => {
    await line.opens('a.0', 'ann');
    await line.opens('a.0', 'ann', { count: 2 });
    expect((await published()).partition).toHaveLength(1);
  });
});

describe('without events for tenants', () => {
  it('nothing goes to their channels, everything to the nodes', async () => {
    await open({ publishTenantEvents: false });
    await live();
    const { tenant, other, partition } = await published();
    expect([tenant, other]).toEqual([[], []]);
    expect(partition.length).toBeGreaterThan(0);
  });
});

describe('the log', () => {
  const fill = async (count: number, from = 0): Promise<void> => {
    for (let i = from; i < from + count; i += 250) {
      await line.tell('a.0', ...Array.from({ length: 250 }, (_, n) => entryOf(`u${i + n}`)));
    }
  };

  it('is trimmed to its length with the heartbeat, the oldest first', async () => {
    await open({ eventLogMax: 300 });
    await fill(1000);
    const ids = (await line.log()).map(({ id }) => id);
    await line.beat('a.0');
    const kept = (await line.log()).map(({ id }) => id);
    expect(kept).toEqual(ids.slice(-300));
  });

  it('is trimmed by age with the heartbeat, and keeps what is younger', async () => {
    await open({ eventLogSeconds: 60 });
    await fill(500);
    await line.pass(30_000, 'a.0');
    await fill(250, 500);
    await line.pass(20_000, 'a.0');
    expect(await line.log()).toHaveLength(750);
    await line.pass(20_000, 'a.0');
    expect(await line.log()).toHaveLength(250);
  });
});
