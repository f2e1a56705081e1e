import { describe, expect, it } from 'vitest';
import { CLOCK_SKEW_MS } from '../../../src/auth/claims.ts';
import { memoryFeed } from '../../support/memory-feed.ts';
import { holds, until } from '../../support/until.ts';
import {
  beat,
  clock,
  countOf,
  feed,
  happens,
  isNow,
  isOpen,
  metrics,
  next,
  open,
  refused,
  rig,
  start,
  tick,
} from './event-stream-rig.ts';
import { NOW, PRINCIPALS, principal, problem } from './rig.ts';

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
    next();
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
    isNow(NOW + 3_599_000 + CLOCK_SKEW_MS);
    tick();
    happens('ann');
    await client.sees('ann online');
    isNow(NOW + 3_600_000 + CLOCK_SKEW_MS);
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
    next();
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
