import { describe, expect, it } from 'vitest';
import { MAX_PLACES } from '../../src/domain/place.ts';
import { POLICY } from '../support/frozen-stores.ts';
import { describeBothStores, ref, TENANT } from './both-stores.ts';
import { answered, happened, inPlace, outOf, says } from './places-said.ts';

const GRACE = POLICY.graceMs;

describeBothStores((both) => {
  const shown = async (place = 'doc'): Promise<string[] | undefined> =>
    (await both.store.places.members(TENANT, place, 100))
      ?.map(({ user, data }) => `${user}${data ?? ''}`)
      .sort();
  const story = async (place?: string): Promise<string[]> => happened(await both.entries(), place);

  describe('a place', () => {
    it('has whoever says so, once, by however many nodes', async () => {
      await says(both, 'n1.0', 'ann', [inPlace('doc')]);
      await says(both, 'n2.0', 'ann', [inPlace('doc'), inPlace('room')]);
      await says(both, 'n1.0', 'bob', [inPlace('doc')]);
      expect(await story()).toEqual(['ann entered enter', 'bob entered enter']);
      expect(await shown()).toEqual(['ann', 'bob']);
      expect(await both.store.places.counts(TENANT, ['doc', 'room', 'none'])).toEqual([2, 1, 0]);
      expect(await both.store.places.of(ref('ann'))).toEqual(['doc', 'room']);
    });

    it('is entered after its user was shown, under the version that the node is answered', async () => {
      const replies = await says(both, 'n1.0', 'ann', [inPlace('doc', { data: '{"a":1}', stamp: 5 })]);
      const log = await both.entries();
      expect(log.map(({ kind }) => kind)).toEqual(['transition', 'place']);
      const [entered] = log.filter(({ kind }) => kind === 'place');
      expect(answered(replies)).toEqual([
        { place: 'doc', ver: entered?.id, since: expect.any(Number), data: '{"a":1}' },
      ]);
      expect(entered).toMatchObject({ place: { ver: entered?.id, tenant: TENANT, data: '{"a":1}' } });
    });

    it('shows the newest data of those that live, and none when none has any', async () => {
      await says(both, 'n1.0', 'ann', [inPlace('doc', { data: '{"n":1}', stamp: 10 })]);
      await says(both, 'n2.0', 'ann', [inPlace('doc', { data: '{"n":2}', stamp: 20 })]);
      expect(await shown()).toEqual(['ann{"n":2}']);
      await says(both, 'n2.0', 'ann', [outOf('doc')], { count: 0 });
      expect(await shown()).toEqual(['ann{"n":1}']);
      await says(both, 'n1.0', 'ann', [inPlace('doc')]);
      expect(await shown()).toEqual(['ann']);
      expect(await story()).toEqual([
        'ann entered {"n":1} enter',
        // Of what changed only the newest is kept.
        'ann changed data',
      ]);
    });

    it('names the change of data that the next one replaces', async () => {
      for (const stamp of [1, 2, 3])
        await says(both, 'n1.0', 'ann', [inPlace('doc', { data: `{"n":${stamp}}`, stamp })]);
      const log = (await both.entries()).filter(({ kind }) => kind === 'place');
      expect(log.map(({ id }) => id)).toEqual(log.map(({ id }) => id).sort());
      expect((await both.store.places.top(TENANT, 'doc', 1)).users).toMatchObject([
        { user: 'ann', data: '{"n":3}', ver: log.at(-1)?.id },
      ]);
    });

    it.each([
      { how: 'their word', more: { leftAgo: 0 }, reason: 'leave' },
      { how: 'a goodbye', more: {}, reason: 'goodbye' },
    ])('is left at once by $how', async ({ more, reason }) => {
      await says(both, 'n1.0', 'ann', [inPlace('doc', { enteredAgo: 100 })]);
      await says(both, 'n1.0', 'ann', [outOf('doc', more)]);
      expect(await story()).toEqual(['ann entered enter', `ann left ${reason}`]);
      expect(await shown()).toEqual([]);
      expect(await both.store.places.counts(TENANT, ['doc'])).toEqual([0]);
    });

    it('is left when the node names it no more', async () => {
      await says(both, 'n1.0', 'ann', [inPlace('doc')]);
      await says(both, 'n1.0', 'ann', []);
      expect(await story()).toEqual(['ann entered enter', 'ann left goodbye']);
    });
  });

  describe('the grace of a place', () => {
    const lost = (ago = 0) =>
      outOf('doc', { closedAgo: ago, graceMs: GRACE, closedData: '{"n":1}', closedStamp: 10 });
    const comes = () => says(both, 'n1.0', 'ann', [inPlace('doc', { data: '{"n":1}', stamp: 10 })]);

    it('keeps a lost connection with its data, and makes no change when it is entered again with the same', async () => {
      await comes();
      await both.frozen.setTime(10);
      await says(both, 'n1.0', 'ann', [lost()], { openedAgo: 10 });
      await both.frozen.setTime(10 + GRACE / 2);
      // Another connection opens: that alone ends no grace of a place.
      await says(both, 'n2.0', 'ann', []);
      expect(await shown()).toEqual(['ann{"n":1}']);
      await says(both, 'n2.0', 'ann', [inPlace('doc', { data: '{"n":1}', stamp: 30 })]);
      await both.frozen.setTime(10 + 2 * GRACE);
      await both.sweepAll();
      expect(await shown()).toEqual(['ann{"n":1}']);
      expect(await story()).toEqual(['ann entered {"n":1} enter']);
    });

    it('ends by itself', async () => {
      await comes();
      await both.frozen.setTime(10);
      await says(both, 'n1.0', 'ann', [lost()]);
      await both.frozen.setTime(10 + GRACE);
      await both.sweepAll();
      expect(await story()).toEqual(['ann entered {"n":1} enter', 'ann left disconnect']);
      // The node reports the same close again.
      await says(both, 'n1.0', 'ann', [lost(GRACE)]);
      expect(await shown()).toEqual([]);
    });

    it('ends with a later word to leave, and the same close does not begin it again', async () => {
      await comes();
      await both.frozen.setTime(10);
      await says(both, 'n1.0', 'ann', [lost()]);
      await both.frozen.setTime(20);
      await says(both, 'n2.0', 'ann', [outOf('doc', { leftAgo: 0 })]);
      await says(both, 'n1.0', 'ann', [lost(10)]);
      expect(await story()).toEqual(['ann entered {"n":1} enter', 'ann left leave']);
    });

    it('brings back no user who was never shown there', async () => {
      await says(both, 'n1.0', 'ann', [lost()]);
      expect(await story()).toEqual([]);
    });
  });

  describe('users whom others see as offline', () => {
    it('are in no place while they hide, and come back into it when they are seen', async () => {
      await says(both, 'n1.0', 'ann', [inPlace('doc', { data: '{"n":1}', stamp: 1 })]);
      await both.store.people.claimOwn(ref('ann'), { status: 'invisible' });
      expect(await shown()).toEqual([]);
      await says(both, 'n1.0', 'ann', [inPlace('doc', { data: '{"n":2}', stamp: 2 }), inPlace('room')]);
      await both.frozen.setTime(50);
      await both.store.people.claimOwn(ref('ann'), { status: null });
      expect(await story()).toEqual([
        'ann entered {"n":1} enter',
        'ann left goodbye',
        'ann entered {"n":2} connect',
      ]);
      expect(await story('room')).toEqual(['ann entered connect']);
    });

    it('left with their status when they were idle for long', async () => {
      await says(both, 'n1.0', 'ann', [inPlace('doc')]);
      await says(both, 'n1.0', 'ann', [inPlace('doc')], { idle: true, activeAgo: 0 });
      await both.frozen.setTime(9500);
      await both.sweepAll();
      expect(await story()).toEqual(['ann entered enter', 'ann left idle']);
      await says(both, 'n1.0', 'ann', [inPlace('doc', { enteredAgo: 9500 })]);
      expect((await story()).at(-1)).toBe('ann entered active');
    });

    it.each(['logout', 'disconnect'] as const)('leave every place by %s', async (how) => {
      await says(both, 'n1.0', 'ann', [inPlace('doc'), inPlace('room')]);
      await both.store.endings.end(ref('ann'), how);
      const reason = how === 'logout' ? 'goodbye' : 'revoked';
      expect(await story()).toEqual(['ann entered enter', `ann left ${reason}`]);
      expect(await both.store.places.counts(TENANT, ['doc', 'room'])).toEqual([0, 0]);
      // The node does not know it yet.
      await says(both, 'n1.0', 'ann', [inPlace('doc', { enteredAgo: 10 })], { openedAgo: 10 });
      expect(await shown()).toEqual([]);
    });

    it('leave every place when they are forgotten', async () => {
      await says(both, 'n1.0', 'ann', [inPlace('doc')]);
      await both.store.endings.forget(ref('ann'));
      expect(await story()).toEqual(['ann entered enter', 'ann left revoked']);
      expect(await both.store.places.counts(TENANT, ['doc'])).toEqual([0]);
    });
  });

  describe('sessions', () => {
    it('enter beside places of the same person that no session is in', async () => {
      await says(both, 'n1.0', 'ann', [inPlace('doc')]);
      await both.store.people.keepSession(ref('ann'), 'phone', { ttlMs: 60_000, device: 'api' }, { iat: 0 });
      const places = await both.store.places.enter(ref('ann'), 'phone', 'room', undefined, { iat: 0 });
      expect(places).toEqual(['room']);
      expect(await both.store.places.of(ref('ann'))).toEqual(['doc', 'room']);
    });

    const profile = { iat: 1 };
    const keep = (ttlMs = 5000) =>
      both.store.people.keepSession(ref('bot'), 's1', { ttlMs, device: 'api' }, profile);
    const enter = (place: string, data?: string) =>
      both.store.places.enter(ref('bot'), 's1', place, data, profile);

    it('enter, say data, leave', async () => {
      await keep();
      expect(await enter('doc', '{"n":1}')).toEqual(['doc']);
      expect(await enter('room')).toEqual(['doc', 'room']);
      await enter('doc', '{"n":2}');
      expect(await shown()).toEqual(['bot{"n":2}']);
      await both.store.places.leave(ref('bot'), 's1', 'doc');
      expect(await both.store.places.ofSession(ref('bot'), 's1')).toEqual(['room']);
      expect(await story()).toEqual([
        'bot entered {"n":1} enter',
        'bot changed {"n":2} data',
        'bot left leave',
      ]);
    });

    it('are in no place once they have ended', async () => {
      await keep();
      await enter('doc');
      await both.store.people.endSession(ref('bot'), 's1');
      await keep(1000);
      await enter('doc');
      await both.frozen.setTime(1000);
      await both.sweepAll();
      expect(await story()).toEqual([
        'bot entered enter',
        'bot left goodbye',
        'bot entered enter',
        'bot left expired',
      ]);
    });

    it('do not enter when there is none', async () => {
      await expect(enter('doc')).rejects.toMatchObject({ code: 'not_found' });
    });

    it(`are in at most ${MAX_PLACES} places`, async () => {
      await keep();
      for (let n = 0; n < MAX_PLACES; n += 1) await enter(`p${n}`);
      await expect(enter('one more')).rejects.toMatchObject({ code: 'too_many_places' });
      const replies = await says(both, 'n1.0', 'bot', [inPlace('doc'), inPlace('p1')]);
      expect(answered(replies).find(({ place }) => place === 'doc')).toEqual({
        ...{ place: 'doc', since: 0, ver: 0, refused: 'too_many' },
      });
      expect((await both.store.places.of(ref('bot'))).length).toBe(MAX_PLACES);
    });
  });
});
