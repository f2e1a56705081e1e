import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError, type StoreErrorCode } from '../../../src/store/port/store-error.ts';
import type { Client } from '../../support/client.ts';
import { gate, principal } from './fakes.ts';
import { Rig } from './rig.ts';

let rig: Rig;
const start = async (options: Parameters<typeof Rig.start>[0] = {}) => {
  rig = await Rig.start(options);
};
afterEach(() => rig.stop());

const DOC = 'doc:7';
const enter = (client: Client, place = DOC, data?: object) =>
  client.ask({ type: 'enter', place, ...(data && { data }) });

describe('entering and leaving', () => {
  beforeEach(() => start());

  it('is acknowledged once it is stored', async () => {
    const anna = await rig.enter('anna');
    const stored = gate();
    rig.membership.places.result = stored.promise;
    const answer = enter(anna, DOC, { a: 1 });
    await anna.ask({ type: 'ping' });
    expect(rig.membership.places.entered).toMatchObject([{ place: DOC, data: '{"a":1}' }]);
    expect(anna.of('ack')).toEqual([]);
    stored.resolve();
    expect(await answer).toMatchObject({ type: 'ack' });
    expect(await anna.ask({ type: 'leave', place: DOC })).toMatchObject({ type: 'ack' });
    expect(rig.membership.places.entered).toEqual([]);
    expect(rig.membership.touches).toEqual([]);
  });

  it.each<[StoreErrorCode, string]>([
    ['too_many_places', 'too_many_places'],
    ['put_out', 'forbidden'],
    ['unavailable', 'unavailable'],
  ])('answers what the node says: %s', async (code, shown) => {
    const anna = await rig.enter('anna');
    const failed = Promise.reject(new StoreError(code, 'why'));
    failed.catch(() => undefined);
    rig.membership.places.result = failed;
    expect(await enter(anna)).toMatchObject({ type: 'error', code: shown });
    expect(rig.logged).toEqual([]);
  });

  it('needs the scope connect', async () => {
    const anna = await rig.enter(principal('anna', { scopes: ['watch'] }));
    expect(await enter(anna)).toMatchObject({ code: 'forbidden' });
    expect(await anna.ask({ type: 'leave', place: DOC })).toMatchObject({ code: 'forbidden' });
  });

  it('says of which places a connection was put out', async () => {
    const anna = await rig.enter('anna');
    await enter(anna);
    rig.membership.members[0]?.putOut([DOC]);
    await anna.until(() => anna.first('gone'));
    expect(anna.of('gone')).toEqual([{ type: 'gone', places: [DOC] }]);
  });
});

describe('with places in the token', () => {
  beforeEach(() => start({ settings: { placePolicy: 'token' } }));

  it('lets into those that it names, and shows these and others', async () => {
    const anna = await rig.enter(principal('anna', { places: ['doc:*'], placesWatch: ['lobby'] }));
    expect(await enter(anna)).toMatchObject({ type: 'ack' });
    expect(await enter(anna, 'lobby')).toMatchObject({ code: 'forbidden', places: ['lobby'] });
    expect(await anna.ask({ type: 'watch', places: [DOC, 'lobby'] })).not.toHaveProperty('code');
    expect(await anna.ask({ type: 'watch', places: [DOC, 'hall'] })).toMatchObject({ places: ['hall'] });
    expect(await rig.value('rollcall_places_rejected_total', { reason: 'forbidden' })).toBe(1);
  });

  it('takes away, in one frame behind the welcome, what a renewed token does not name', async () => {
    const anna = await rig.enter(principal('anna', { places: ['doc:*', 'a'], placesWatch: ['lobby'] }));
    await enter(anna);
    await enter(anna, 'a');
    await anna.ask({ type: 'watch', places: [DOC, 'a', 'lobby'] });
    const token = rig.auth.issue(principal('anna', { places: ['a'], iat: 2000 }));
    await anna.ask({ type: 'auth', token });
    await anna.ask({ type: 'ping' });
    expect(anna.of('gone')).toEqual([{ type: 'gone', places: [DOC, 'lobby'] }]);
    expect(rig.membership.places.entered).toMatchObject([{ place: 'a' }]);
    expect([...(rig.fanout.watchers[0]?.watchedPlaces ?? [])]).toEqual(['a']);
  });

  it('ends every place with the scope connect', async () => {
    const anna = await rig.enter(principal('anna', { places: ['a'] }));
    await enter(anna, 'a');
    const token = rig.auth.issue(principal('anna', { places: ['a'], iat: 2000, scopes: ['watch'] }));
    await anna.ask({ type: 'auth', token });
    await anna.ask({ type: 'ping' });
    expect(anna.of('gone')).toEqual([{ type: 'gone', places: ['a'] }]);
  });
});

describe('typing in a place', () => {
  beforeEach(() => start());

  /** Whatever was said to a client before is there once it has its pong. */
  const heard = async (client: Client) => {
    await client.ask({ type: 'ping' });
    return client.of('typing');
  };
  const types = (client: Client, on = true) => client.send({ type: 'typing', to: { place: DOC }, on });
  const watching = async (user: string) => {
    const client = await rig.enter(user);
    await client.ask({ type: 'watch', places: [DOC] });
    return client;
  };

  it('goes from who is shown there to who watches it', async () => {
    const [anna, bob, eve] = [await watching('anna'), await watching('bob'), await rig.enter('eve')];
    await enter(anna);
    rig.membership.places.shown.add(DOC);
    types(anna);
    await bob.until(() => bob.first('typing'));
    expect(await heard(bob)).toEqual([{ type: 'typing', from: 'anna', place: DOC, on: true }]);
    for (const client of [anna, eve]) expect(await heard(client)).toEqual([]);
  });

  it('is not passed on of who is not shown there, and forbidden to who is not in it', async () => {
    const [anna, bob] = [await rig.enter('anna'), await watching('bob')];
    const frame = { type: 'typing', to: { place: DOC }, on: true } as const;
    expect(await anna.ask({ ...frame })).toMatchObject({ code: 'forbidden' });
    await enter(anna);
    types(anna);
    await heard(anna);
    expect(await heard(bob)).toEqual([]);
  });

  it('ends when others are shown that its person left', async () => {
    const [anna, bob] = [await rig.enter('anna'), await watching('bob')];
    await enter(anna);
    rig.membership.places.shown.add(DOC);
    types(anna);
    await bob.until(() => bob.first('typing'));
    const left = { tenant: 'acme', place: DOC, user: 'anna', since: 1, ver: 9, reason: 'leave' } as const;
    rig.feed.place({ ...left, change: 'left' });
    expect((await heard(bob)).map(({ on }) => on)).toEqual([true, false]);
  });

  it('is not passed on to who watches it no more', async () => {
    const [anna, bob, eve] = [await rig.enter('anna'), await watching('bob'), await watching('eve')];
    await enter(anna);
    rig.membership.places.shown.add(DOC);
    await bob.ask({ type: 'unwatch', places: [DOC] });
    types(anna);
    await eve.until(() => eve.first('typing'));
    expect(await heard(bob)).toEqual([]);
  });
});
