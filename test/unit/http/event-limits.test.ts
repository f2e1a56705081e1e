import { request } from 'node:http';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CLOCK_SKEW_MS } from '../../../src/auth/claims.ts';
import type { Replay } from '../../../src/events/feed.ts';
import type { MemoryFeed } from '../../../src/events/memory-feed.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { StoreError } from '../../../src/store/port/store-error.ts';
import { EventStreams } from '../../../src/streams/event-streams.ts';
import { StreamRefused, StreamSlots } from '../../../src/streams/stream-slots.ts';
import { Capacity } from '../../../src/time/capacity.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { EventClient } from '../../support/event-client.ts';
import { memoryFeed } from '../../support/memory-feed.ts';
import { holds, until } from '../../support/until.ts';
import { FakePlaces } from './fake-places.ts';
import { NOW, PRINCIPALS, principal, rigs, service, settings } from './rig.ts';

const start = rigs();
const COMMAND_TIMEOUT_MS = 50;

/** Connections that the node may have. */
const MAX = 1000;

let feed: MemoryFeed;
let streams: EventStreams;
let url: string;
let connections: () => Promise<number>;
let wall: number;
let capacity: Capacity;
let clients: EventClient[];

/** What a resume is given instead of the feed's own replay. */
let replay: (() => Promise<Replay | undefined>) | undefined;

beforeEach(async () => {
  PRINCIPALS['crm'] = principal('events', { user: 'crm', iat: NOW / 1000 - 10 });
  PRINCIPALS['erp'] = principal('events', { user: 'erp' });
  PRINCIPALS['otherCrm'] = principal('events', { user: 'crm', tenant: 'other' });
  PRINCIPALS['platform'] = service('events', 'crm');
  PRINCIPALS['reader'] = principal('read', { user: 'crm' });
  feed = memoryFeed();
  wall = NOW;
  capacity = new Capacity(MAX);
  clients = [];
  replay = undefined;
  const own = feed.replay.bind(feed);
  vi.spyOn(feed, 'replay').mockImplementation((from) => (replay ? replay() : own(from)));
  streams = new EventStreams({
    feed,
    places: new FakePlaces(),
    metrics: createMetrics(),
    clock: { ...systemClock, wall: () => wall },
    random: () => 0.5,
    perUser: 2,
    capacity,
  });
  const rig = await start({
    feed,
    streams,
    settings: settings({ redisCommandTimeoutMs: COMMAND_TIMEOUT_MS }),
  });
  await rig.app.listen({ port: 0, host: '127.0.0.1' });
  connections = promisify((done) => rig.app.server.getConnections(done));
  const address = rig.app.server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/v1/events`;
  for (let p = 0; p < feed.partitions; p += 1) feed.expect(p, 'memory', 0, NOW * 1000);
});
afterEach(() => {
  for (const client of clients) client.close();
  vi.restoreAllMocks();
});

const open = async (query = '', token = 'crm'): Promise<EventClient> => {
  const client = await EventClient.open(url + query, { token });
  clients.push(client);
  return client;
};
/** Makes resumes wait for the log. @returns lets them go on. */
const holdLog = (): (() => void) => {
  const log = feed.replay(feed.watermark() ?? '');
  let go = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  replay = () => gate.then(() => log);
  return go;
};
const areTaken = (count: number): Promise<unknown> =>
  until(() => capacity.streams === count, { what: `${count} slots taken` });
const cursor = (): string => `?after=${feed.watermark()}`;

describe('event streams of one user', () => {
  it('beyond the limit are refused with when to come back, and those that are open go on', async () => {
    const two = [await open(), await open()];
    const third = await open();
    expect(await third.problem()).toMatchObject({ status: 429, code: 'rate_limited' });
    expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
    await holds(() => two.every(({ ended }) => ended === undefined), 100, 'the open ones');
    expect(capacity.streams).toBe(2);
  });

  it('count for a user of a tenant, whichever of them a token for every tenant reads', async () => {
    for (const token of ['crm', 'crm', 'erp', 'otherCrm']) expect((await open('', token)).status).toBe(200);
    for (const tenant of ['acme', 'other'])
      expect((await open(`?tenant=${tenant}`, 'platform')).status).toBe(200);
    expect((await open('?tenant=third', 'platform')).status).toBe(429);
    expect((await open('', 'erp')).status).toBe(200);
    expect((await open('', 'erp')).status).toBe(429);
  });

  it('count also while they wait for the log, so that no burst gets past', async () => {
    const go = holdLog();
    const burst = Promise.all(Array.from({ length: 6 }, () => open(cursor())));
    await areTaken(2);
    await until(() => clients.length === 4, { what: 'four refusals' });
    go();
    expect((await burst).map(({ status }) => status).toSorted()).toEqual([200, 200, 429, 429, 429, 429]);
  });
});

describe('the slot of a stream is given back', () => {
  const again = async (): Promise<void> => {
    await areTaken(0);
    for (let i = 0; i < 2; i += 1) expect((await open()).status).toBe(200);
    expect((await open()).status).toBe(429);
  };

  it('when its reader goes', async () => {
    for (const client of [await open(), await open()]) client.close();
    await again();
  });

  it('when its token ends', async () => {
    for (let i = 0; i < 2; i += 1) await open();
    wall = NOW + 3_600_000 + CLOCK_SKEW_MS;
    await areTaken(0);
    wall = NOW;
    await again();
  });

  it('when its token is revoked', async () => {
    for (let i = 0; i < 2; i += 1) await open();
    const ref = { tenant: 'acme', user: 'crm' };
    const at = NOW * 1000;
    feed.publish(0, [{ id: at + 1, kind: 'command', command: { type: 'revoke', ref, at } }]);
    await again();
  });

  it('when the node sends it away', async () => {
    for (let i = 0; i < 2; i += 1) await open();
    await streams.drain(0);
    await areTaken(0);
  });

  it.each([
    ['a cursor that nobody gave', 400, () => Promise.reject(new StoreError('invalid_cursor', 'no'))],
    ['a log that cannot be read', 503, () => Promise.reject(new StoreError('unavailable', 'away'))],
    ['something unexpected', 500, () => Promise.reject(new Error('a bug'))],
  ])('when it never began, for %s: %d', async (_what, status, fails) => {
    replay = fails;
    for (let i = 0; i < 4; i += 1) expect((await open(cursor())).status).toBe(status);
    await again();
  });

  it('when its call was answered that the log took too long, once the log is there', async () => {
    const go = holdLog();
    expect((await open(cursor())).status).toBe(503);
    expect(capacity.streams).toBe(1);
    go();
    await again();
  });

  it('when its reader had gone before the log was there', async () => {
    const go = holdLog();
    const left = request(url + cursor(), { headers: { authorization: 'Bearer crm' }, agent: false });
    left.on('error', () => undefined).end();
    await areTaken(1);
    left.destroy();
    await until(async () => (await connections()) === 0, { what: 'its connection gone' });
    expect(capacity.streams).toBe(1);
    go();
    await again();
  });
});

describe('a node that is full', () => {
  it('takes no stream, and says when to come back', async () => {
    const before = await open();
    capacity.sockets = MAX;
    const refused = await open('', 'erp');
    expect(await refused.problem()).toMatchObject({ status: 503, code: 'unavailable' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    capacity.sockets = 0;
    expect((await open('', 'erp')).status).toBe(200);
    expect(before.ended).toBeUndefined();
  });
});

describe('a slot', () => {
  it('is given back once, however often that is said', () => {
    const ofNode = new Capacity(MAX);
    const slots = new StreamSlots({ perUser: 2, capacity: ofNode });
    const release = slots.take('acme:ann');
    slots.take('acme:ann');
    release();
    release();
    expect(ofNode.streams).toBe(1);
    slots.take('acme:ann');
    expect(() => slots.take('acme:ann')).toThrow(StreamRefused);
  });
});
