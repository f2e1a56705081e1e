import { describe, expect, it } from 'vitest';
import type { View } from '../../src/domain/model.ts';
import { EPOCH } from '../support/frozen-stores.ts';
import { entryOf } from '../support/raw-store.ts';
import { describeBothStores, ODD_IDS, ref, TENANT } from './both-stores.ts';
import { readKnowing } from './read-knowing.ts';

describeBothStores((both) => {
  describe('read', () => {
    it('answers in the order asked, whoever is unknown or asked twice included', async () => {
      await both.opens('n1.0', 'ann');
      await both.opens('n1.0', 'bob', { idle: true });
      const views = await both.store.views.read(TENANT, ['nobody', 'bob', 'ann', 'bob']);
      expect(views.map(({ user, status }) => [user, status])).toEqual([
        ['nobody', 'offline'],
        ['bob', 'away'],
        ['ann', 'online'],
        ['bob', 'away'],
      ]);
      expect(views[0]).toEqual({ user: 'nobody', status: 'offline', since: 0, ver: 0, devices: [] });
      expect(await both.store.views.read(TENANT, [])).toEqual([]);
    });

    it('gives any id back as it is', async () => {
      for (const user of ODD_IDS) await both.opens('n1.0', user, { name: user });
      const views = await both.store.views.read(TENANT, ODD_IDS);
      expect(views.map(({ user, name, status }) => [user, name, status])).toEqual(
        ODD_IDS.map((user) => [user, user, 'online']),
      );
      const logged = (await both.entries()).map((e) => e.kind === 'transition' && e.transition.user);
      expect(logged.sort()).toEqual([...ODD_IDS].sort());
    });

    it('takes a view that is newer than what is stored, and tells only what is different by now', async () => {
      await both.opens('n1.0', 'ann');
      const stored = await both.view('ann');
      const newer = (status: View['status'], user = 'ann'): View => ({
        ...stored,
        user,
        status,
        ver: stored.ver + 50,
      });
      expect(await readKnowing(both.store, TENANT, ['ann'], [newer('online')])).toMatchObject([
        { status: 'online', ver: stored.ver + 50 },
      ]);
      expect(await both.story()).toEqual(['ann online connect']);
      const [gone] = await readKnowing(both.store, TENANT, ['bob'], [newer('online', 'bob')]);
      expect(gone).toMatchObject({ status: 'offline' });
      expect(gone?.ver).toBeGreaterThan(stored.ver + 50);
      expect(await both.story()).toEqual(['ann online connect', 'bob offline resync']);
    });

    it('is not moved by a view that is older', async () => {
      await both.opens('n1.0', 'ann');
      const { active: _, ...stored } = await both.view('ann');
      const older: View = { ...stored, status: 'busy', ver: stored.ver - 1 };
      expect(await readKnowing(both.store, TENANT, ['ann'], [older])).toEqual([stored]);
      const nothing: View = { user: 'bob', status: 'offline', since: 0, ver: 0, devices: [] };
      expect(await readKnowing(both.store, TENANT, ['bob'], [nothing])).toEqual([nothing]);
    });
  });

  describe('readSelf', () => {
    it('is the truth, of somebody invisible too', async () => {
      await both.opens('n1.0', 'ann', { claim: { status: 'invisible', stamp: EPOCH * 1000 } });
      expect(await both.store.views.readSelf(ref('ann'))).toEqual({
        view: { user: 'ann', status: 'offline', since: 0, ver: 0, devices: [] },
        invisible: true,
        claim: { status: 'invisible', stamp: EPOCH * 1000 },
      });
    });

    it('of nobody is nothing', async () => {
      expect(await both.store.views.readSelf(ref('nobody'))).toEqual({
        view: { user: 'nobody', status: 'offline', since: 0, ver: 0, devices: [] },
        invisible: false,
      });
    });
  });

  describe('page', () => {
    const all = async (limit: number, between: () => Promise<unknown> = async () => undefined) => {
      const found: View[] = [];
      let cursor: string | undefined;
      do {
        const page = await both.store.views.page(TENANT, limit, cursor);
        expect(page.users.length).toBeLessThanOrEqual(limit);
        found.push(...page.users);
        cursor = page.cursor;
        await between();
      } while (cursor !== undefined);
      return found.map(({ user }) => user);
    };

    it('by page gives everybody who is not offline once, in the same order every time', async () => {
      const here = [...Array.from({ length: 120 }, (_, i) => `user-${i}`), ...ODD_IDS];
      await both.tell('n1.0', ...here.map((user, i) => entryOf(user, { activeAgo: 0, idle: i % 3 === 0 })));
      await both.tell('n1.0', entryOf('gone', { activeAgo: 0 }));
      await both.tell(
        'n1.0',
        entryOf('gone', { count: 0 }),
        entryOf('elsewhere', { tenant: 'other', activeAgo: 0 }),
      );
      for (const limit of [1, 7, 40, 1000]) {
        const found = await all(limit);
        expect([...found].sort()).toEqual([...here].sort());
        expect(await all(limit)).toEqual(found);
      }
    });

    it('by page misses nobody who stays, and repeats nobody, while others come and go', async () => {
      const stay = Array.from({ length: 60 }, (_, i) => `stay-${i}`);
      await both.tell('n1.0', ...stay.map((user) => entryOf(user, { activeAgo: 0 })));
      let turn = 0;
      const found = await all(5, async () => {
        turn += 1;
        await both.opens('n1.0', `come-${turn}`);
        await both.tell('n1.0', entryOf(`come-${turn - 1}`, { count: 0 }));
      });
      expect(new Set(found).size).toBe(found.length);
      expect(found.filter((user) => user.startsWith('stay')).sort()).toEqual([...stay].sort());
    });

    it('of nobody is empty, and has no next one', async () => {
      expect(await both.store.views.page(TENANT, 10)).toEqual({ users: [] });
    });

    it('refuses a cursor it did not give', async () => {
      for (const cursor of ['!', '~', 'not a cursor', 'é']) {
        await expect(both.store.views.page(TENANT, 10, cursor)).rejects.toMatchObject({
          code: 'invalid_cursor',
        });
      }
    });
  });

  describe('count', () => {
    it('counts each user once, under what others see', async () => {
      await both.opens('n1.0', 'a');
      await both.opens('n2.0', 'a');
      await both.opens('n1.0', 'b', { idle: true });
      await both.opens('n1.0', 'c', { claim: { status: 'busy', stamp: 1 } });
      await both.opens('n1.0', 'd', { claim: { status: 'invisible', stamp: 1 } });
      await both.opens('n1.0', 'e', { claim: { status: 'away', stamp: 1 } });
      expect(await both.store.views.count(TENANT)).toEqual({ online: 1, away: 2, busy: 1 });
      await both.tell(
        'n1.0',
        entryOf('b', { count: 0 }),
        entryOf('c', { count: 0 }),
        entryOf('e', { activeAgo: 0, claim: { status: null, stamp: 2 } }),
      );
      expect(await both.store.views.count(TENANT)).toEqual({ online: 2, away: 0, busy: 0 });
    });
  });
});
