import { describe, expect, it } from 'vitest';
import { EPOCH } from '../support/frozen-stores.ts';
import { describeBothStores, ref, TENANT } from './both-stores.ts';
import { answered, happened, inPlace, says } from './places-said.ts';

const SOON = EPOCH / 1000 + 100;

describeBothStores((both) => {
  const story = async (): Promise<string[]> => happened(await both.entries());
  const commands = async () =>
    (await both.entries()).flatMap((entry) => (entry.kind === 'command' ? [entry.command] : []));

  describe('to put out of a place', () => {
    it('ends everybody, and takes them again only with a token issued later', async () => {
      await says(both, 'n1.0', 'ann', [inPlace('doc', { issued: 1 }), inPlace('room', { issued: 1 })]);
      await says(both, 'n1.0', 'bob', [inPlace('doc', { issued: 1 })]);
      await both.frozen.setTime(10);
      await both.store.places.putOut(TENANT, 'doc');
      expect((await story()).sort()).toEqual([
        ...['ann entered enter', 'ann left revoked', 'bob entered enter', 'bob left revoked'],
      ]);
      expect(await both.store.places.counts(TENANT, ['doc', 'room'])).toEqual([0, 1]);
      expect((await commands()).filter(({ type }) => type === 'put_out')).toHaveLength(both.store.partitions);
      // The node does not know it yet; then it enters with the old token, and at last with a new one.
      for (const enteredAgo of [10, 0]) {
        const late = await says(both, 'n1.0', 'ann', [inPlace('doc', { enteredAgo, issued: 1 })]);
        expect(answered(late)).toMatchObject([{ place: 'doc', ver: 0, refused: 'put_out' }]);
      }
      await both.frozen.setTime(20);
      const again = await says(both, 'n1.0', 'ann', [inPlace('doc', { issued: SOON })]);
      expect(answered(again)).toMatchObject([{ place: 'doc', ver: expect.any(Number) }]);
      expect((await story()).at(-1)).toBe('ann entered enter');
    });

    it('ends one user alone', async () => {
      await says(both, 'n1.0', 'ann', [inPlace('doc', { issued: 1 })]);
      await says(both, 'n1.0', 'bob', [inPlace('doc', { issued: 1 })]);
      await both.store.places.putOut(TENANT, 'doc', 'ann');
      expect(await story()).toEqual(['ann entered enter', 'bob entered enter', 'ann left revoked']);
      expect(await commands()).toMatchObject([
        { type: 'put_out', tenant: TENANT, user: 'ann', place: 'doc' },
      ]);
    });

    it('ends who is in it unseen', async () => {
      await both.store.people.claimOwn(ref('ann'), { status: 'invisible' });
      await says(both, 'n1.0', 'ann', [inPlace('doc', { issued: 1 })]);
      await both.frozen.setTime(10);
      await both.store.places.putOut(TENANT, 'doc');
      await both.store.people.claimOwn(ref('ann'), { status: null });
      expect(await story()).toEqual([]);
    });

    it('refuses sessions kept with an older token', async () => {
      const enter = (iat: number) => both.store.places.enter(ref('bot'), 's', 'doc', undefined, { iat });
      await both.store.people.keepSession(ref('bot'), 's', { ttlMs: 60_000, device: 'api' }, { iat: 1 });
      await enter(1);
      await both.store.places.putOut(TENANT, 'doc');
      await expect(enter(1)).rejects.toMatchObject({ code: 'put_out' });
      await both.frozen.setTime(10);
      expect(await enter(SOON)).toEqual(['doc']);
      expect(await story()).toEqual(['bot entered enter', 'bot left revoked', 'bot entered enter']);
    });
  });
});
