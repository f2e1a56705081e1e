import { afterEach, beforeEach, vi } from 'vitest';
import { ownerOf } from '../../../src/auth/principal.ts';
import { subOf, type Transition } from '../../../src/domain/model.ts';
import type { MemoryFeed } from '../../../src/events/memory-feed.ts';
import { createMetrics, type Metrics } from '../../../src/observability/metrics.ts';
import { EventStreams } from '../../../src/streams/event-streams.ts';
import { Capacity } from '../../../src/time/capacity.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { EventClient, type EventClientOptions } from '../../support/event-client.ts';
import { memoryFeed } from '../../support/memory-feed.ts';
import { until } from '../../support/until.ts';
import { FakePlaces } from './fake-places.ts';
import { NOW, PRINCIPALS, principal, type Rig, rigs, service } from './rig.ts';

export const start = rigs();
const START = NOW * 1000;

export let feed: MemoryFeed;
/** What of places is counted. */
export let places: FakePlaces;
export let metrics: Metrics;
export let streams: EventStreams;
export let capacity: Capacity;
export let rig: Rig;
let url: string;
let wall: number;
let clients: EventClient[];
export let clock: number;
/** Users whose tokens do not work any more. */
export const refused = new Set<string>();

/** Serves this feed from now on, instead of the one before. */
export const serve = async (of: MemoryFeed): Promise<void> => {
  feed = of;
  for (let p = 0; p < feed.partitions; p += 1) feed.expect(p, 'memory', 0, clock);
  places = new FakePlaces();
  streams = new EventStreams({
    feed,
    places,
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
};

/** It is this time of day, ms. */
export const isNow = (ms: number): void => {
  wall = ms;
};
/** The place of the next entry of the log. */
export const next = (): number => {
  clock += 1;
  return clock;
};

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  PRINCIPALS['events'] = principal('events', { user: 'crm', iat: NOW / 1000 - 10 });
  PRINCIPALS['everywhereEvents'] = service('events');
  metrics = createMetrics();
  wall = NOW;
  clock = START;
  clients = [];
  refused.clear();
  capacity = new Capacity(1000);
  await serve(memoryFeed({ eventLogMax: 4000 }));
});
afterEach(() => {
  for (const client of clients) client.close();
  vi.useRealTimers();
});

export const open = async (query = '', options: EventClientOptions = {}): Promise<EventClient> => {
  const client = await EventClient.open(url + query, { token: 'events', ...options });
  clients.push(client);
  return client;
};
export const tick = (seconds = 1): void => {
  for (let i = 0; i < seconds; i += 1) vi.advanceTimersByTime(1000);
};
export const happens = (user: string, more: Partial<Transition> = {}, partition = 0): number => {
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
export const beat = (): void => {
  clock += 1;
  for (let p = 0; p < feed.partitions; p += 1) feed.expect(p, 'memory', 0, clock);
};
export const countOf = async (
  name: 'eventStreams' | 'eventsSent' | 'eventsEncoded' | 'eventResets' | 'eventReadersBehind',
) => (await metrics[name].get()).values[0]?.value ?? 0;
export const isOpen = (count: number): Promise<unknown> =>
  until(async () => (await countOf('eventStreams')) === count, { what: `${count} open streams` });
