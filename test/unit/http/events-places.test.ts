import { describe, expect, it } from 'vitest';
import type { PlaceChange, PlaceTransition } from '../../../src/domain/place.ts';
import { decodeWatermark } from '../../../src/events/watermark.ts';
import type { EventClient } from '../../support/event-client.ts';
import { until } from '../../support/until.ts';
import { beat, clock, feed, happens, isOpen, metrics, next, open, places, tick } from './event-stream-rig.ts';

interface Seen {
  readonly type: string;
  readonly subject: string;
  readonly id: string;
  readonly time: string;
  readonly source: string;
  readonly data: Record<string, unknown>;
}

const ofPlaces = (client: EventClient): Seen[] =>
  client.of('place').map(({ data }) => JSON.parse(data) as Seen);
/** `place user change` or `place occupied` of every event of places. */
const story = (client: EventClient): string[] =>
  ofPlaces(client).map(({ type, data }) =>
    type === 'rollcall.place'
      ? `${data['place']} ${data['user']} ${data['change']}`
      : `${data['place']} ${type.slice(15)}`,
  );
/** The moment of the newest cursor, µs. */
const clockOf = (client: EventClient): number => decodeWatermark(client.lastId ?? '').clock;
const sees = (client: EventClient, what: string): Promise<unknown> =>
  until(() => story(client).includes(what), { what });
const moves = (
  user: string,
  change: PlaceChange,
  more: Partial<PlaceTransition> = {},
  partition = 0,
): number => {
  const ver = next();
  const place: PlaceTransition = {
    ...{ tenant: 'acme', place: 'doc:7', user, change, since: 1, ver, reason: 'enter' as const },
    ...more,
  };
  feed.publish(partition, [{ id: ver, kind: 'place', place }]);
  return ver;
};

describe('the event stream of places', () => {
  it('is for those who ask for places, beside the transitions', async () => {
    const [plain, all] = [await open(), await open('?places=*')];
    await isOpen(2);
    const ver = moves('ann', 'entered', { name: 'Ann', groups: ['g'], data: '{"hue":1}' });
    moves('bob', 'entered', { tenant: 'other' });
    moves('ann', 'left', { reason: 'disconnect', data: '{"hue":1}' });
    happens('ann');
    await Promise.all([plain.sees('ann online'), all.sees('ann online')]);
    expect(plain.of('place')).toEqual([]);
    expect(ofPlaces(all)).toEqual([
      {
        specversion: '1.0',
        type: 'rollcall.place',
        source: '/rollcall/acme',
        subject: 'ann',
        id: `doc:7:ann:${ver}`,
        time: '2026-11-21T12:00:00.000Z',
        datacontenttype: 'application/json',
        data: {
          ...{ tenant: 'acme', place: 'doc:7', user: 'ann', change: 'entered' },
          ...{ data: { hue: 1 }, reason: 'enter', ver },
        },
      },
      expect.objectContaining({
        data: {
          ...{ tenant: 'acme', place: 'doc:7', user: 'ann', change: 'left' },
          ...{ reason: 'disconnect', ver: ver + 2 },
        },
      }),
    ]);
  });

  it('selects places by id and by prefix, and transitions by their own filters', async () => {
    const client = await open('?places=doc:7,board:*&users=ann');
    await isOpen(1);
    moves('bob', 'entered');
    moves('bob', 'entered', { place: 'doc:71' });
    moves('bob', 'entered', { place: 'board:1' });
    moves('bob', 'entered', { place: 'board' });
    happens('bob');
    happens('ann');
    await client.sees('ann online');
    expect(client.story).toEqual(['ann online']);
    expect(story(client)).toEqual(['doc:7 bob entered', 'board:1 bob entered']);
  });

  it.each(['', 'doc7*', '**', 'a,,b', 'a\u0007', `${'x'.repeat(129)}`])('refuses places=%j', async (word) => {
    const client = await open(`?places=${encodeURIComponent(word)}`);
    expect(client.status).toBe(400);
    client.close();
  });

  it('reports from the counts whether anybody is there, once for however many came', async () => {
    const client = await open('?places=doc:*');
    await isOpen(1);
    places.totals.set('doc:7', 40);
    for (let i = 0; i < 40; i += 1) moves(`user${i}`, 'entered');
    moves('user1', 'changed', { reason: 'data' });
    await sees(client, 'doc:7 occupied');
    const turn = ofPlaces(client).at(-1);
    expect(turn).toMatchObject({
      type: 'rollcall.place.occupied',
      subject: 'doc:7',
      source: '/rollcall/acme',
      data: { tenant: 'acme', place: 'doc:7', total: 40 },
    });
    // Somebody leaves who is not the last: nothing more to report.
    places.totals.set('doc:7', 39);
    moves('user1', 'left');
    places.totals.set('doc:9', 1);
    moves('ann', 'entered', { place: 'doc:9' });
    await sees(client, 'doc:9 occupied');
    places.totals.set('doc:7', 0);
    moves('user2', 'left');
    await sees(client, 'doc:7 vacated');
    expect(story(client).filter((line) => / (occupied|vacated)$/.test(line))).toEqual([
      'doc:7 occupied',
      'doc:9 occupied',
      'doc:7 vacated',
    ]);
  });

  it('counts nothing for those who do not follow the place', async () => {
    const client = await open('?places=doc:7');
    await open();
    await isOpen(2);
    let asked = 0;
    const counts = places.counts.bind(places);
    places.counts = (tenant, list) => {
      asked += list.length;
      return counts(tenant, list);
    };
    moves('ann', 'entered', { place: 'doc:8' });
    moves('ann', 'changed', { reason: 'data' });
    places.totals.set('doc:7', 1);
    moves('ann', 'entered');
    await sees(client, 'doc:7 occupied');
    expect(asked).toBe(1);
  });

  it('resumes by cursor, and says again whether anybody is there', async () => {
    const first = await open('?places=*');
    await isOpen(1);
    places.totals.set('doc:7', 1);
    moves('ann', 'entered', {}, 1);
    await sees(first, 'doc:7 occupied');
    beat();
    tick();
    await until(() => first.lastId === feed.watermark(), { what: 'the newest id' });
    first.close();
    await isOpen(0);
    places.totals.set('doc:7', 1);
    moves('bob', 'entered', {}, 2);
    moves('ann', 'left', {}, 1);
    const second = await open(`?places=*&after=${first.lastId}`);
    await sees(second, 'doc:7 occupied');
    expect(story(second).sort()).toEqual(['doc:7 ann left', 'doc:7 bob entered', 'doc:7 occupied']);
    const plain = await open(`?after=${first.lastId}`);
    happens('ann');
    await plain.sees('ann online');
    expect(plain.of('place')).toEqual([]);
  });

  /** A reader that comes back with a cursor behind an entering must be sent what follows from it, whoever died meanwhile. */
  it('gives no cursor beyond an entering before the place was counted', async () => {
    const client = await open('?places=*');
    await isOpen(1);
    await until(() => client.ids.length > 0, { what: 'a cursor' });
    let answer = (): void => undefined;
    places.counts = () =>
      new Promise((resolve) => {
        answer = () => resolve([1]);
      });
    const ver = moves('ann', 'entered');
    beat();
    await sees(client, 'doc:7 ann entered');
    tick(16);
    const before = await until(() => (client.ids.length > 1 ? clockOf(client) : undefined), {
      what: 'a cursor',
    });
    expect(before).toBeLessThan(ver);
    const isTold = (): boolean => {
      answer();
      return story(client).includes('doc:7 occupied');
    };
    await until(isTold, { what: 'occupied' });
    tick();
    await until(() => clockOf(client) >= ver, { what: 'a cursor beyond' });
  });

  it('counts again when the store did not answer', async () => {
    const client = await open('?places=*');
    await isOpen(1);
    const counts = places.counts.bind(places);
    let fails = 1;
    places.counts = async (tenant, list) => {
      fails -= 1;
      if (fails >= 0) throw new Error('away');
      return counts(tenant, list);
    };
    places.totals.set('doc:7', 2);
    moves('ann', 'entered');
    await sees(client, 'doc:7 occupied');
  });

  it('counts the occupied places when a user is forgotten, who leaves no word there', async () => {
    const client = await open('?places=*');
    await isOpen(1);
    places.totals.set('doc:7', 1);
    moves('ann', 'entered');
    await sees(client, 'doc:7 occupied');
    places.totals.set('doc:7', 0);
    const ref = { tenant: 'acme', user: 'ann' };
    feed.publish(0, [{ id: next(), kind: 'command', command: { type: 'forget', ref, at: clock } }]);
    await sees(client, 'doc:7 vacated');
  });

  it('says again that a place is occupied to a reader who came later', async () => {
    const first = await open('?places=*');
    await isOpen(1);
    places.totals.set('doc:7', 1);
    moves('ann', 'entered');
    await sees(first, 'doc:7 occupied');
    const second = await open('?places=*');
    await isOpen(2);
    places.totals.set('doc:7', 2);
    moves('bob', 'entered');
    await sees(second, 'doc:7 occupied');
  });

  it('encodes a change once for all who follow the place', async () => {
    const clients = [await open('?places=*'), await open('?places=doc:7'), await open('?places=doc:*')];
    await isOpen(3);
    moves('ann', 'entered');
    await Promise.all(clients.map((client) => sees(client, 'doc:7 ann entered')));
    expect((await metrics.eventsEncoded.get()).values[0]?.value).toBe(1);
  });
});
