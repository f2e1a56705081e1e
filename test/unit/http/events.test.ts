import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CLOCK_SKEW_MS } from '../../../src/auth/claims.ts';
import { ownerOf } from '../../../src/auth/principal.ts';
import { subOf, type Transition } from '../../../src/domain/model.ts';
import type { MemoryFeed } from '../../../src/events/memory-feed.ts';
import { createMetrics, type Metrics } from '../../../src/observability/metrics.ts';
import { EventStreams } from '../../../src/streams/event-streams.ts';
import { Capacity } from '../../../src/time/capacity.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { EventClient, type EventClientOptions } from '../../support/event-client.ts';
import { memoryFeed } from '../../support/memory-feed.ts';
import { holds, until } from '../../support/until.ts';
import { NOW, PRINCIPALS, principal, problem, type Rig, rigs, service } from './fixture.ts';

const start = rigs();
const START = NOW * 1000;

let feed: MemoryFeed;
let metrics: Metrics;
let streams: EventStreams;
let capacity: Capacity;
let rig: Rig;
let url: string;
let wall: number;
let clients: EventClient[];
let clock: number;
/** Users whose tokens do not work any more. */
const refused = new Set<string>();

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  PRINCIPALS['events'] = principal('events', { user: 'crm', iat: NOW / 1000 - 10 });
  PRINCIPALS['everywhereEvents'] = service('events');
  feed = memoryFeed({ eventLogMax: 4000 });
  metrics = createMetrics();
  wall = NOW;
  clock = START;
  clients = [];
  refused.clear();
  capacity = new Capacity(1000);
  streams = new EventStreams({
    feed,
    metrics,
    clock: { ...systemClock, wall: () => wall },
    random: () => 0.5,
    perUser: 50,
    capacity,
    ended: (principal) => refused.has(subOf(ownerOf(principal))),
  });
  rig = await start({ feed, streams, metrics });
  await rig.app.listen({ port: 0, host: '127.0.0.1' });
  const address = rig.app.server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/v1/events`;
  for (let p = 0; p < feed.partitions; p += 1) feed.expect(p, 'memory', 0, clock);
});
afterEach(() => {
  for (const client of clients) client.close();
  vi.useRealTimers();
});

const open = async (query = '', options: EventClientOptions = {}): Promise<EventClient> => {
  const client = await EventClient.open(url + query, { token: 'events', ...options });
  clients.push(client);
  return client;
};
const tick = (seconds = 1): void => {
  for (let i = 0; i < seconds; i += 1) vi.advanceTimersByTime(1000);
};
const happens = (user: string, more: Partial<Transition> = {}, partition = 0): number => {
  clock += 1;
  const transition: Transition = {
    tenant: 'acme',
    user,
    status: 'online',
    previous: 'offline',
    since: Math.floor(clock / 1000),
    ver: clock,
    reason: 'connect',
    devices: ['web'],
    ...more,
  };
  feed.publish(partition, [{ id: clock, kind: 'transition', transition }]);
  return clock;
};
/** Every partition is known to be as far as this. */
const beat = (): void => {
  clock += 1;
  for (let p = 0; p < feed.partitions; p += 1) feed.expect(p, 'memory', 0, clock);
};
const countOf = async (
  name: 'eventStreams' | 'eventsSent' | 'eventsEncoded' | 'eventResets' | 'eventReadersBehind',
) => (await metrics[name].get()).values[0]?.value ?? 0;
const isOpen = (count: number): Promise<unknown> =>
  until(async () => (await countOf('eventStreams')) === count, { what: `${count} open streams` });

describe('the event stream', () => {
  it('tells every transition of the tenant as a CloudEvent, and of no other', async () => {
    const client = await open();
    expect(client.status).toBe(200);
    expect(client.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'access-control-allow-origin': '*',
    });
    happens('ann', { tenant: 'other' });
    const ver = happens('ann', {
      status: 'busy',
      previous: 'online',
      lastSeen: NOW,
      name: 'Ann\n"A"',
      groups: ['g1'],
      text: 'in a\u2028call',
      emoji: '🚲',
      until: NOW + 1000,
      reason: 'claim',
    });
    await until(() => client.cloudEvents.length > 0, { what: 'an event' });
    expect(client.cloudEvents).toEqual([
      {
        specversion: '1.0',
        type: 'rollcall.transition',
        source: '/rollcall/acme',
        subject: 'ann',
        id: `ann:${ver}`,
        time: '2026-11-21T12:00:00.000Z',
        datacontenttype: 'application/json',
        data: {
          tenant: 'acme',
          user: 'ann',
          status: 'busy',
          previous: 'online',
          since: '2026-11-21T12:00:00.000Z',
          lastSeen: '2026-11-21T12:00:00.000Z',
          ver,
          name: 'Ann\n"A"',
          groups: ['g1'],
          text: 'in a\u2028call',
          emoji: '🚲',
          until: '2026-11-21T12:00:01.000Z',
          reason: 'claim',
        },
      },
    ]);
  });

  it('says how long to wait before coming back, and where to go on from the first moment', async () => {
    const client = await open();
    await until(() => client.ids.length === 1, { what: 'an id' });
    expect(client.ids).toEqual([feed.watermark()]);
    expect(client.retryMs).toBe(2000);
  });

  it('encodes a transition once for all readers, and not at all for nobody', async () => {
    happens('early');
    const all = [await open(), await open(), await open('?status=online')];
    await isOpen(3);
    happens('ann');
    happens('bob', { tenant: 'other' });
    for (const client of all) await client.sees('ann online');
    expect([await countOf('eventsEncoded'), await countOf('eventsSent')]).toEqual([1, 3]);
  });

  it('tells when a user is forgotten, whatever status and groups were asked for', async () => {
    const [all, some, others] = [
      await open(),
      await open('?status=busy&groups=g9'),
      await open('?users=bob'),
    ];
    await isOpen(3);
    const ref = { tenant: 'acme', user: 'ann' };
    clock += 1;
    feed.publish(1, [{ id: clock, kind: 'command', command: { type: 'forget', ref, at: clock - 1 } }]);
    happens('bob');
    for (const client of [all, some]) await client.sees('ann forgotten');
    await others.sees('bob online');
    expect(others.story).toEqual(['bob online']);
    expect(all.cloudEvents[0]).toMatchObject({
      type: 'rollcall.forgotten',
      subject: 'ann',
      id: `ann:${clock - 1}`,
      data: { tenant: 'acme', user: 'ann', ver: clock - 1 },
    });
  });

  it.each([
    ['?users=ann,bob', ['ann online', 'bob away']],
    ['?groups=g1,g9', ['ann online', 'cid offline']],
    ['?status=away,offline', ['bob away', 'cid offline']],
    ['?users=ann,cid&groups=g1&status=offline', ['cid offline']],
    ['?users=%F0%9F%9A%B2%20x', ['🚲 x busy']],
  ])('filters: %s', async (query, expected) => {
    const client = await open(query);
    await isOpen(1);
    happens('ann', { groups: ['g0', 'g1'] });
    happens('bob', { status: 'away', groups: ['g2'] });
    happens('cid', { status: 'offline', groups: ['g1'] });
    happens('🚲 x', { status: 'busy' });
    await until(() => client.story.length >= expected.length, { what: 'the events' });
    tick();
    beat();
    tick();
    await client.mark();
    expect(client.story).toEqual(expected);
  });

  it.each([
    '?status=hidden',
    '?status=invisible',
    '?status=',
    '?users=ann,,bob',
    '?users=..',
    '?groups=a%00b',
    '?users=a&users=b',
    '?after=nonsense',
    '?after=',
    '?tenant=acme&after=1.2',
  ])('refuses %s', async (query) => {
    const token = query.includes('tenant') ? 'everywhereEvents' : 'events';
    expect(problem(await rig.call('GET', `/v1/events${query}`, { token }))).toMatchObject({
      status: 400,
      code: 'invalid',
    });
  });

  it('refuses a Last-Event-ID that nobody gave', async () => {
    const client = await open('', { headers: { 'last-event-id': 'nonsense' } });
    expect(await client.problem()).toMatchObject({ status: 400, code: 'invalid' });
  });

  it.each([
    ['reader', '', 403],
    ['events', '?tenant=acme', 403],
    ['everywhereEvents', '', 400],
    [undefined, '', 401],
    ['nonsense', '', 401],
  ])('is refused to %s with %j: %d', async (token, query, status) => {
    const answer = await rig.call('GET', `/v1/events${query}`, token === undefined ? {} : { token });
    expect(problem(answer).status).toBe(status);
  });

  it('is refused with a token that was revoked after it was verified', async () => {
    refused.add('crm');
    expect(problem(await rig.call('GET', '/v1/events', { token: 'events' })).status).toBe(401);
    await isOpen(0);
  });

  it('tells a service for every tenant of the one it names', async () => {
    const client = await open('?tenant=other', { token: 'everywhereEvents' });
    await isOpen(1);
    happens('ann');
    happens('bob', { tenant: 'other' });
    await client.sees('bob online');
    expect(client.story).toEqual(['bob online']);
    expect(client.cloudEvents[0]?.source).toBe('/rollcall/other');
  });

  it('has no HEAD, which would never end', async () => {
    expect((await rig.call('HEAD', '/v1/events', { token: 'events' })).statusCode).toBe(404);
  });

  it('is not known while the feed has not heard of every partition', async () => {
    const deaf = memoryFeed();
    const other = await start({ feed: deaf });
    expect(problem(await other.call('GET', '/v1/events', { token: 'events' })).status).toBe(503);
  });

  it('is not ended by the time limit of idle connections', async () => {
    rig.app.server.setTimeout(100);
    const client = await open();
    await isOpen(1);
    await holds(() => client.ended === undefined, 500, 'the stream');
    happens('ann');
    await client.sees('ann online');
  });

  it('is not counted among answers by how long it was open', async () => {
    const client = await open();
    await isOpen(1);
    client.close();
    await isOpen(0);
    const { values } = await metrics.httpSeconds.get();
    expect(values.filter(({ labels }) => labels.route === '/v1/events')).toEqual([]);
  });
});

describe('about once a second', () => {
  it('says where to go on while events come, until that covers them', async () => {
    const client = await open();
    await until(() => client.ids.length === 1, { what: 'the first id' });
    for (const user of ['ann', 'bob']) {
      const { length } = client.ids;
      happens(user);
      tick(3);
      beat();
      tick();
      await until(() => client.lastId === feed.watermark(), { what: 'an id that covers it' });
      const told = client.ids.length;
      expect(told - length).toBeLessThanOrEqual(2);
      // The clock goes on, and nothing comes.
      beat();
      tick(3);
      happens('elsewhere', { tenant: 'other' });
      tick(3);
      await client.sees(`${user} online`);
      expect(client.ids).toHaveLength(told);
    }
    expect(client.of('cursor').map(({ data, id }) => [data, id])).toEqual(client.ids.map((id) => ['{}', id]));
  });

  it('tells a reader to which nothing comes where to go on every fifteen seconds, the first time at once', async () => {
    const client = await open('?users=nobody');
    await until(() => client.of('cursor').length === 1, { what: 'the first cursor' });
    for (let told = 2; told < 5; told += 1) {
      happens('ann');
      if (told > 2) beat();
      tick(14);
      await until(() => client.comments.length === told - 2, { what: 'a comment' });
      expect(client.of('cursor')).toHaveLength(told - 1);
      tick();
      await until(() => client.of('cursor').length === told, { what: 'another cursor' });
    }
    expect(client.lastId).toBe(feed.watermark());
  });

  it('tells a reader that comes back at once where it stands', async () => {
    const cursor = feed.watermark() ?? '';
    for (let i = 0; i < 1500; i += 1) happens(`user${i}`);
    const client = await open(`?after=${cursor}`);
    await client.sees('user1499 online');
    expect([client.events[0]?.event, client.ids]).toEqual(['cursor', [cursor]]);
  });

  it('looks whether the token has ended', async () => {
    const client = await open();
    await isOpen(1);
    wall = NOW + 3_599_000 + CLOCK_SKEW_MS;
    tick();
    happens('ann');
    await client.sees('ann online');
    wall = NOW + 3_600_000 + CLOCK_SKEW_MS;
    tick();
    await until(() => client.ended, { what: 'the end' });
    expect(client.ended).toBe('end');
    await isOpen(0);
  });

  it('looks whether the token still works', async () => {
    const [client, other] = [await open('?tenant=acme', { token: 'everywhereEvents' }), await open()];
    await isOpen(2);
    refused.add('platform');
    tick();
    await until(() => client.ended, { what: 'the end' });
    happens('ann');
    await other.sees('ann online');
  });

  it('comments every fifteen seconds', async () => {
    const client = await open();
    await isOpen(1);
    for (let i = 1; i < 4; i += 1) {
      tick(14);
      // Events and their cursors beside it change nothing.
      happens('ann');
      beat();
      expect(client.comments).toHaveLength(i - 1);
      tick();
      await until(() => client.comments.length === i, { what: 'a comment' });
    }
  });
});

describe('a revocation', () => {
  const revoked = (user: string, at: number, tenant = 'acme'): void => {
    clock += 1;
    const command = { type: 'revoke', ref: { tenant, user }, at } as const;
    feed.publish(0, [{ id: clock, kind: 'command', command }]);
  };

  it('ends the streams of the tokens it revokes, and no other', async () => {
    PRINCIPALS['without'] = principal('events', { user: 'crm' });
    PRINCIPALS['other'] = principal('events', { user: 'erp', iat: NOW / 1000 - 10 });
    const [old, without, other] = [
      await open(),
      await open('', { token: 'without' }),
      await open('', { token: 'other' }),
    ];
    await isOpen(3);
    revoked('crm', (NOW - 15_001) * 1000);
    revoked('crm', NOW * 1000, 'elsewhere');
    await until(() => without.ended, { what: 'the end of the one without iat' });
    happens('ann');
    await old.sees('ann online');
    revoked('crm', (NOW - 14_999) * 1000);
    await until(() => old.ended, { what: 'the end of the one that was issued before' });
    happens('bob');
    await other.sees('bob online');
  });
});

describe('coming back', () => {
  it.each(['header', 'query'])('with the last id in the %s, a reader gets what it missed', async (where) => {
    const first = await open();
    await isOpen(1);
    happens('ann');
    await first.sees('ann online');
    beat();
    tick();
    const cursor = await until(() => (first.ids.length > 1 ? first.lastId : undefined), { what: 'an id' });
    first.close();
    await isOpen(0);
    for (let i = 0; i < 1500; i += 1) happens(`user${i}`, {}, i % feed.partitions);
    happens('ann', { tenant: 'other' });
    const second =
      where === 'query'
        ? await open(`?after=${cursor}`)
        : await open('?after=nonsense', { headers: { 'last-event-id': cursor } });
    happens('last', {}, 3);
    await second.sees('last online');
    await until(() => second.story.length >= 1501, { what: 'everything' });
    expect(second.of('reset')).toEqual([]);
    expect(new Set(second.story).size).toBe(1501);
    expect(second.story).not.toContain('ann online');
    beat();
    tick();
    await until(() => second.lastId === feed.watermark(), { what: 'the newest id' });
  });

  it('after longer than the log holds, a reader is told to begin anew, and goes on', async () => {
    const cursor = feed.watermark() ?? '';
    for (let i = 0; i < 9000; i += 1) happens(`user${i}`);
    const client = await open(`?after=${cursor}`);
    await until(() => client.of('reset').length === 1, { what: 'a reset' });
    happens('ann');
    await client.sees('ann online');
    expect(client.story).toEqual(['ann online']);
    expect(client.events.map(({ event, id }) => [event, id])).toEqual([
      ['reset', ''],
      ['cursor', feed.watermark()],
      ['transition', feed.watermark()],
    ]);
    expect(await countOf('eventResets')).toBe(1);
  });
});

describe('a reader that does not read', () => {
  const TEXT = 'x'.repeat(140);
  const EVENTS = 40_000;

  it('costs a bounded buffer, and misses nothing when it reads again', async () => {
    feed = memoryFeed({ eventLogMax: 8 * EVENTS });
    for (let p = 0; p < feed.partitions; p += 1) feed.expect(p, 'memory', 0, clock);
    streams = new EventStreams({
      feed,
      metrics,
      clock: { ...systemClock, wall: () => wall },
      random: () => 0.5,
      perUser: 50,
      capacity,
    });
    rig = await start({ feed, streams, metrics });
    await rig.app.listen({ port: 0, host: '127.0.0.1' });
    const address = rig.app.server.address();
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/v1/events`;
    const [slow, quick] = [await open(), await open()];
    await isOpen(2);
    slow.pause();
    for (let i = 0; i < EVENTS; i += 1) {
      happens(`user${i}`, { text: TEXT }, i % feed.partitions);
      if (i % 200 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => quick.story.length === EVENTS, {
      what: 'everything at the quick one',
      timeoutMs: 30_000,
    });
    expect(await countOf('eventReadersBehind')).toBeGreaterThan(0);
    // What the systems in between hold is theirs; here it is a fraction of the 22 MB that were told.
    expect((await countOf('eventsSent')) - EVENTS).toBeLessThan(EVENTS * 0.75);
    const told = slow.lastId;
    beat();
    tick();
    slow.resume();
    await until(() => slow.story.length === EVENTS, {
      what: 'everything at the slow one',
      timeoutMs: 30_000,
    });
    const sorted = slow.story.toSorted();
    expect(sorted).toEqual(quick.story.toSorted());
    expect(slow.of('reset')).toEqual([]);
    tick();
    await until(() => slow.lastId === feed.watermark() && slow.lastId !== told, { what: 'the newest id' });
    happens('last');
    await slow.sees('last online');
  }, 60_000);

  it('is cut after a minute, and told so in a metric', async () => {
    const client = await open();
    await isOpen(1);
    client.pause();
    for (let i = 0; i < EVENTS && (await countOf('eventReadersBehind')) === 0; i += 1) {
      happens(`user${i}`, { text: TEXT });
      if (i % 200 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    tick();
    const later = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 61_000);
    tick();
    later.mockRestore();
    await isOpen(0);
    expect((await metrics.eventStreamsCut.get()).values).toMatchObject([
      { labels: { reason: 'stalled' }, value: 1 },
    ]);
    expect(capacity.streams).toBe(0);
  });
});

describe('the end of a node', () => {
  it('ends streams over the window, and takes no more', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => open()));
    await isOpen(8);
    const before = performance.now();
    await streams.drain(200);
    expect(performance.now() - before).toBeLessThan(1500);
    for (const client of all) await until(() => client.ended, { what: 'the end' });
    expect(all.map(({ ended }) => ended)).toEqual(Array(8).fill('end'));
    expect(problem(await rig.call('GET', '/v1/events', { token: 'events' }))).toMatchObject({
      code: 'unavailable',
    });
  });

  it('does not wait for a reader that does not read', async () => {
    const client = await open();
    await isOpen(1);
    client.pause();
    for (let i = 0; i < 20_000; i += 1) happens(`user${i}`, { text: 'x'.repeat(140) });
    await rig.app.close();
    await isOpen(0);
  });
});
