import { describe, expect, it } from 'vitest';
import { subOf } from '../../src/domain/model.ts';
import { MAX_BATCH } from '../../src/store/port/reports.ts';
import { EPOCH, POLICY } from '../support/frozen-stores.ts';
import { entryOf } from '../support/raw-store.ts';
import { describeBothStores, ODD_IDS, ref, type Subject, TENANT } from './both-stores.ts';
import { readKnowing } from './read-knowing.ts';

const SECOND = 1000;

describeBothStores((both: Subject) => {
  const endings = async (): Promise<object[]> =>
    (await both.entries()).flatMap((entry) => (entry.kind === 'command' ? [entry.command] : []));
  const session = (id = 'phone', iat = 0) =>
    both.store.people.keepSession(ref('ann'), id, { ttlMs: 60_000, device: 'mobile' }, { iat });

  describe('an end of everything', () => {
    it.each([
      ['logout', 'goodbye'],
      ['disconnect', 'revoked'],
      ['revoke', 'revoked'],
    ] as const)(
      'by %s is one offline for `%s`, whatever was alive, and every node is told',
      async (how, reason) => {
        await both.opens('a.0', 'ann');
        await both.opens('b.0', 'ann', { count: 2 });
        await session();
        await both.frozen.setTime(SECOND);
        await (how === 'revoke'
          ? both.store.endings.revoke(ref('ann'))
          : both.store.endings.end(ref('ann'), how));
        expect(await both.story()).toEqual(['ann online connect', `ann offline ${reason}`]);
        expect(await endings()).toEqual([{ type: how, ref: ref('ann'), at: (EPOCH + SECOND) * 1000 }]);
        expect(await both.store.leases.held(both.store.partitionOf(ref('ann')), 'b.0')).toEqual([]);
        expect((await both.view('ann')).lastSeen).toBe(EPOCH + SECOND);
      },
    );

    it.each([
      [true, 'revoked'],
      [false, 'goodbye'],
    ])(
      'by the close of the last connection, of a revoked token: %s, is one offline for `%s`',
      async (isRevoked, reason) => {
        await both.opens('a.0', 'ann');
        await both.opens('b.0', 'ann');
        await both.opens('a.0', 'ann', { count: 0, isRevoked: true });
        await both.opens('b.0', 'ann', { count: 0, isRevoked });
        expect(await both.story()).toEqual(['ann online connect', `ann offline ${reason}`]);
      },
    );

    it('ends a grace with the rest', async () => {
      await both.opens('a.0', 'ann', { openedAgo: 100 });
      await both.opens('a.0', 'ann', { count: 0, openedAgo: 100, closedAgo: 0 });
      await both.store.endings.end(ref('ann'), 'logout');
      expect(await both.story()).toEqual(['ann online connect', 'ann offline goodbye']);
    });

    it('is told also of somebody who is not there, because nodes may know of them', async () => {
      await both.store.endings.end(ref('ann'), 'logout');
      expect(await endings()).toHaveLength(1);
      expect(await both.story()).toEqual([]);
    });

    it('counts connections opened before as none, closes and all, though their node has not heard of it', async () => {
      await both.opens('a.0', 'ann');
      await both.frozen.setTime(5 * SECOND);
      await both.store.endings.end(ref('ann'), 'logout');
      await both.frozen.setTime(6 * SECOND);
      const [reply] = await both.opens('a.0', 'ann', { count: 2, openedAgo: SECOND });
      expect(reply?.ended).toEqual(new Map([[0, { how: 'logout', at: (EPOCH + 5 * SECOND) * 1000 }]]));
      await both.opens('a.0', 'ann', { count: 0, openedAgo: 2 * SECOND, closedAgo: 500 });
      expect(await both.story()).toEqual(['ann online connect', 'ann offline goodbye']);
      // One that opened after it, and so all that its node tells of until it has closed the others.
      const [next] = await both.opens('a.0', 'ann', { count: 3, openedAgo: 999 });
      expect(next?.ended).toBeUndefined();
      expect((await both.story()).at(-1)).toBe('ann online connect');
    });

    it('keeps the claim of the person, who stays invisible without a word', async () => {
      await both.opens('a.0', 'ann');
      await both.store.people.claimOwn(ref('ann'), { status: 'invisible' });
      const hidden = await both.view('ann');
      await both.frozen.setTime(SECOND);
      await both.store.endings.end(ref('ann'), 'logout');
      expect(await both.view('ann')).toEqual(hidden);
      await both.frozen.setTime(2 * SECOND);
      await both.opens('a.0', 'ann');
      expect(await both.view('ann')).toEqual(hidden);
      expect(await both.story()).toHaveLength(2);
    });
  });

  describe('a revocation', () => {
    const REVOKED = EPOCH / 1000;

    it('refuses tokens issued up to five seconds after it, and those without `iat`', async () => {
      await both.store.endings.revoke(ref('ann'));
      await both.frozen.setTime(SECOND);
      for (const iat of [0, REVOKED - 1, REVOKED + 5, REVOKED + 5.999]) {
        const [reply] = await both.opens('a.0', 'ann', { iat });
        expect(reply?.revoked).toEqual(new Map([[0, REVOKED]]));
        await expect(session('s', iat)).rejects.toMatchObject({ code: 'revoked' });
        await expect(both.store.people.touch(ref('ann'), { iat })).rejects.toMatchObject({ code: 'revoked' });
      }
      expect(await both.story()).toEqual([]);
      const [reply] = await both.opens('a.0', 'ann', { iat: REVOKED + 6 });
      expect(reply?.revoked).toBeUndefined();
      await session('s', REVOKED + 6);
      expect(await both.story()).toEqual(['ann online connect']);
    });

    it('takes nothing of an entry with one old token among new ones', async () => {
      await both.store.endings.revoke(ref('ann'));
      await both.frozen.setTime(SECOND);
      const iat = REVOKED + 9;
      const mixed = { count: 2, iat, oldestIat: REVOKED, name: 'Ann', groups: ['g'] };
      const [reply] = await both.tell('a.0', entryOf('ann', mixed));
      expect(reply?.revoked).toEqual(new Map([[0, REVOKED]]));
      expect(await both.view('ann')).toMatchObject({ status: 'offline', ver: 0 });
      await both.tell('a.0', entryOf('ann', { ...mixed, count: 1, oldestIat: iat }));
      expect(await both.view('ann')).toMatchObject({ status: 'online', name: 'Ann', groups: ['g'] });
    });

    it('is listed until no token issued before it can be good any more, and outlives its user', async () => {
      await both.store.endings.revoke(ref('ann'));
      await both.store.endings.end(ref('bob'), 'disconnect');
      const listed = [{ ...ref('ann'), at: REVOKED }];
      expect(await both.store.endings.revocations()).toEqual(listed);
      await both.store.endings.forget(ref('ann'));
      await both.frozen.setTime(POLICY.revocationMs - 1);
      await both.sweepAll();
      expect(await both.store.endings.revocations()).toEqual(listed);
      expect((await both.opens('a.0', 'ann', { openedAgo: 0 }))[0]?.revoked?.size).toBe(1);
      await both.frozen.setTime(POLICY.revocationMs);
      await both.sweepAll();
      expect(await both.store.endings.revocations()).toEqual([]);
      expect((await both.opens('a.0', 'ann'))[0]?.revoked).toBeUndefined();
    });
  });

  describe('a revocation told again', () => {
    const REVOKED = EPOCH / 1000 - 60;
    const refuse = (user: string, at: number, tenant = TENANT): Promise<void> =>
      both.store.endings.refuse(both.store.partitionOf({ tenant, user }), [{ tenant, user, at }]);

    it('refuses tokens as the first time, and nobody else’s, also those of the same name in another tenant', async () => {
      await refuse('ann', REVOKED);
      expect(await both.store.endings.revocations()).toEqual([{ ...ref('ann'), at: REVOKED }]);
      for (const iat of [0, REVOKED + 5]) {
        const [reply] = await both.opens('a.0', 'ann', { iat });
        expect(reply?.revoked).toEqual(new Map([[0, REVOKED]]));
        await expect(session('s', iat)).rejects.toMatchObject({ code: 'revoked' });
      }
      const [fresh] = await both.opens('a.0', 'ann', { iat: REVOKED + 6 });
      expect(fresh?.revoked).toBeUndefined();
      const [other] = await both.opens('a.0', 'ann', { tenant: 'other', iat: 1 });
      expect(other?.revoked).toBeUndefined();
    });

    it('counts once: of several moments the newest, and nodes are told of what was not known', async () => {
      for (const at of [REVOKED, REVOKED, REVOKED - 9, REVOKED + 9, REVOKED]) await refuse('ann', at);
      expect(await both.store.endings.revocations()).toEqual([{ ...ref('ann'), at: REVOKED + 9 }]);
      expect(await endings()).toEqual([
        { type: 'refuse', ref: ref('ann'), at: REVOKED },
        { type: 'refuse', ref: ref('ann'), at: REVOKED + 9 },
      ]);
      await both.store.endings.revoke(ref('ann'));
      await refuse('ann', REVOKED + 20);
      expect(await both.store.endings.revocations()).toEqual([{ ...ref('ann'), at: EPOCH / 1000 }]);
    });

    it('ends nothing of who is there with a newer token, nor their session, claims or grace', async () => {
      const iat = REVOKED + 30;
      await both.opens('a.0', 'ann', { iat, name: 'Ann', groups: ['g'] });
      await session('phone', iat);
      await both.opens('a.0', 'bob', { iat, openedAgo: 100 });
      await both.opens('a.0', 'bob', { iat, count: 0, openedAgo: 100, closedAgo: 0 });
      const views = [await both.view('ann'), await both.view('bob')];
      const story = await both.story();
      for (const user of ['ann', 'bob']) await refuse(user, REVOKED);
      expect([await both.view('ann'), await both.view('bob')]).toEqual(views);
      expect(await both.story()).toEqual(story);
      const why = await both.store.views.explain(ref('ann'));
      expect(why.revokedAt).toBe(REVOKED * 1000);
    });

    it('is not taken once it has lost its purpose, and goes when it does', async () => {
      const last = (EPOCH - POLICY.revocationMs) / 1000;
      await refuse('ann', last);
      expect([await both.store.endings.revocations(), await endings()]).toEqual([[], []]);
      await refuse('ann', last + 1);
      expect(await both.store.endings.revocations()).toHaveLength(1);
      await both.frozen.setTime(SECOND);
      await both.sweepAll();
      expect(await both.store.endings.revocations()).toEqual([]);
      expect((await both.opens('a.0', 'ann', { iat: 1 }))[0]?.revoked).toBeUndefined();
    });

    it('takes as many as a call may bring, of users with any name', async () => {
      const many = [...ODD_IDS, ...Array.from({ length: 2000 }, (_, i) => `u${i}`)].map((user) => ({
        ...ref(user),
        at: REVOKED,
      }));
      for (let p = 0; p < both.store.partitions; p += 1) {
        const some = many.filter((one) => both.store.partitionOf(one) === p).slice(0, MAX_BATCH);
        for (let twice = 0; twice < 2; twice += 1) await both.store.endings.refuse(p, some);
        const listed = (await both.store.endings.revocations()).filter(
          (one) => both.store.partitionOf(one) === p,
        );
        const name = subOf;
        expect(listed.map(name).sort()).toEqual(some.map(name).sort());
      }
    });
  });

  describe('forgetting', () => {
    const forgotten = { user: 'ann', status: 'offline', since: 0, ver: 0, devices: [] };

    it('leaves nothing to be read, and tells nodes instead of watchers', async () => {
      await both.opens('a.0', 'ann', { name: 'Ann', groups: ['g'], iat: 4 });
      await both.store.people.claim(ref('ann'), 'call', { status: 'busy', priority: 50 });
      await both.store.people.claimOwn(ref('ann'), { status: 'away' });
      await session();
      const told = (await both.entries()).length;
      await both.store.endings.forget(ref('ann'));
      expect(await both.store.views.readSelf(ref('ann'))).toEqual({ view: forgotten, invisible: false });
      expect(await both.store.views.count(TENANT)).toEqual({ online: 0, away: 0, busy: 0 });
      expect(await both.store.groups.count(TENANT, 'g')).toEqual({ present: 0, members: 0 });
      expect(await both.store.views.page(TENANT, 5)).toEqual({ users: [] });
      expect(await both.store.leases.held(both.store.partitionOf(ref('ann')), 'a.0')).toEqual([]);
      expect((await both.entries()).slice(told)).toMatchObject([
        { kind: 'command', command: { type: 'forget', ref: ref('ann') } },
      ]);
    });

    it('is not undone by what nodes knew before: views, claims, names, connections', async () => {
      await both.opens('a.0', 'ann', { name: 'Ann', groups: ['g'], iat: 4 });
      const known = await both.view('ann');
      await both.frozen.setTime(5 * SECOND);
      await both.store.endings.forget(ref('ann'));
      await both.frozen.setTime(6 * SECOND);
      const claim = { status: 'busy', stamp: (EPOCH + SECOND) * 1000 } as const;
      const late = { name: 'Ann', groups: ['g'], iat: 4, known, claim };
      const [reply] = await both.opens('a.0', 'ann', { ...late, openedAgo: 2 * SECOND });
      expect(reply?.ended?.get(0)?.how).toBe('forget');
      await readKnowing(both.store, TENANT, ['ann'], [known]);
      expect(await both.store.views.readSelf(ref('ann'))).toEqual({ view: forgotten, invisible: false });
      // Who comes back later begins anew, though their node still knows what was.
      await both.opens('a.0', 'ann', { known, claim });
      expect(await both.view('ann')).toMatchObject({ status: 'online' });
      expect((await both.view('ann')).ver).toBeGreaterThan(known.ver);
      expect((await both.story()).slice(1)).toEqual(['ann online connect']);
    });

    it('leaves nothing at all after an hour', async () => {
      await both.store.endings.forget(ref('ann'));
      await both.frozen.setTime(3_600_000 - 1);
      expect(await both.sweepAll()).toBe(0);
      await both.frozen.setTime(3_600_000);
      expect(await both.sweepAll()).toBe(1);
      await both.frozen.setTime(9_000_000);
      expect(await both.sweepAll()).toBe(0);
    });
  });
});
