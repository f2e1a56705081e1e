import { describe, expect, it } from 'vitest';
import type { NodeInfo } from '../../src/store/port/registry.ts';
import { EPOCH, POLICY } from '../support/frozen-stores.ts';
import { entryOf } from '../support/raw-store.ts';
import { describeBothStores, ref, TENANT } from './both-stores.ts';

describeBothStores((both) => {
  describe('apply', () => {
    it('takes absolute values: said twice is said once, of several nodes one is enough', async () => {
      await both.opens('n1.0', 'ann');
      await both.opens('n1.0', 'ann', { count: 2 });
      await both.opens('n2.0', 'ann');
      await both.tell('n1.0', entryOf('ann', { count: 0 }));
      expect(await both.story()).toEqual(['ann online connect']);
      await both.tell('n2.0', entryOf('ann', { count: 0 }));
      expect(await both.story()).toEqual(['ann online connect', 'ann offline goodbye']);
    });

    it('writes down each transition with the version it was given, in rising order', async () => {
      await both.opens('n1.0', 'ann', { name: 'Ann', groups: ['g1'], iat: 3, devices: ['mobile', 'web'] });
      await both.frozen.setTime(10);
      await both.tell('n1.0', entryOf('ann', { count: 0, activeAgo: 10 }));
      const log = await both.entries();
      const common = { tenant: TENANT, user: 'ann', name: 'Ann', groups: ['g1'] };
      expect(log).toMatchObject([
        {
          kind: 'transition',
          transition: {
            ...common,
            status: 'online',
            previous: 'offline',
            since: EPOCH,
            devices: ['web', 'mobile'],
          },
        },
        {
          kind: 'transition',
          transition: {
            ...common,
            status: 'offline',
            previous: 'online',
            since: EPOCH + 10,
            lastSeen: EPOCH,
            devices: [],
          },
        },
      ]);
      expect(log[1]?.id).toBeGreaterThan(log[0]?.id ?? Number.NaN);
      for (const e of log) expect(e.kind === 'transition' && e.transition.ver).toBe(e.id);
    });

    it('answers with what the caller did not know, by position', async () => {
      const claim = { status: 'busy', stamp: EPOCH * 1000 } as const;
      const users = ['u1', 'u2', 'u3', 'u4', 'u5'].map((user) => ({
        ...ref(user),
        p: both.store.partitionOf(ref(user)),
      }));
      const together = users.filter(({ p }) => p === users[0]?.p).map(({ user }) => user);
      await both.tell('n1.0', ...together.map((user) => entryOf(user, { activeAgo: 0 })));
      const known = await both.store.views.read(TENANT, together);
      const [reply] = await both.tell(
        'n1.0',
        ...known.map((each, i) =>
          entryOf(each.user, { activeAgo: 0, known: each, ...(i === 0 && { claim }) }),
        ),
      );
      expect([...(reply?.selves.keys() ?? [])]).toEqual([0]);
      expect(reply?.selves.get(0)).toMatchObject({ view: { user: together[0], status: 'busy' }, claim });
    });

    it('tells which connections took over the activity of others', async () => {
      const alone = await both.opens('n1.0', 'ann', { activeAgo: -1 });
      const beside = await both.opens('n2.0', 'ann', { activeAgo: -1 });
      const byItself = await both.opens('n3.0', 'ann', { activeAgo: -1, openedIdle: true });
      const spoke = await both.opens('n3.0', 'ann', { activeAgo: 0 });
      // Whoever opens beside others counts as active, but a machine that reconnects by itself does not.
      const all = [alone, beside, byItself, spoke];
      expect(all.map(([reply]) => reply?.tookOver)).toEqual([[], [], [0], []]);
    });

    it('tells a newer own claim to a node that asserts an older one', async () => {
      await both.opens('n1.0', 'ann', { claim: { status: 'busy', stamp: EPOCH * 1000 } });
      await both.frozen.setTime(5);
      await both.store.people.claimOwn(ref('ann'), { status: 'away', text: 'lunch' });
      const [reply] = await both.opens('n1.0', 'ann', { claim: { status: 'busy', stamp: EPOCH * 1000 } });
      expect(reply?.selves.get(0)?.claim).toMatchObject({ status: 'away', text: 'lunch' });
      expect((await both.view('ann')).status).toBe('away');
    });

    it('takes a full batch, of several tenants', async () => {
      const crowd = Array.from({ length: 500 }, (_, i) =>
        entryOf(`u${i}`, { tenant: `t${i % 3}`, activeAgo: 0, idle: i % 2 === 0 }),
      );
      await both.tell('n1.0', ...crowd);
      expect(await both.store.views.count('t0')).toEqual({ online: 83, away: 84, busy: 0 });
      expect(await both.store.views.count('t1')).toEqual({ online: 84, away: 83, busy: 0 });
      await both.tell('n1.0', ...crowd.map((entry) => ({ ...entry, count: 0 })));
      expect(await both.store.views.count('t0')).toEqual({ online: 0, away: 0, busy: 0 });
    });

    it('lets nothing cross a tenant', async () => {
      await both.tell('n1.0', entryOf('b:c', { tenant: 'a', activeAgo: 0 }));
      const others = [
        both.store.views.read('b', ['b:c', 'c']),
        both.store.views.read('a.b', ['c']),
        both.store.views.read('a', ['b', 'c']),
      ];
      for (const views of await Promise.all(others)) for (const { ver } of views) expect(ver).toBe(0);
      expect(await both.store.views.count('b')).toEqual({ online: 0, away: 0, busy: 0 });
    });
  });

  describe('claimOwn', () => {
    it('sets and clears, and answers what is true from now on', async () => {
      await both.opens('n1.0', 'ann');
      const until = EPOCH + 60_000;
      const set = await both.store.people.claimOwn(ref('ann'), {
        status: 'busy',
        text: 'é "x"',
        emoji: '🚲',
        until,
      });
      expect(set).toMatchObject({
        view: { status: 'busy', text: 'é "x"', emoji: '🚲', until },
        invisible: false,
        claim: { status: 'busy', text: 'é "x"', emoji: '🚲', until },
      });
      const cleared = await both.store.people.claimOwn(ref('ann'), { status: null });
      expect(cleared.view).not.toHaveProperty('text');
      expect(cleared).toMatchObject({ view: { status: 'online' }, claim: { status: null } });
      expect(cleared.claim?.stamp).toBeGreaterThan(set.claim?.stamp ?? Number.NaN);
      expect(await both.story()).toEqual(['ann online connect', 'ann busy claim', 'ann online claim']);
    });

    it('keeps for later what somebody set who is not there', async () => {
      const self = await both.store.people.claimOwn(ref('ann'), { status: 'busy' });
      expect(self).toMatchObject({ view: { status: 'offline', ver: 0 }, claim: { status: 'busy' } });
      expect(await both.entries()).toEqual([]);
      await both.opens('n1.0', 'ann');
      expect(await both.story()).toEqual(['ann busy connect']);
    });

    it('is told to the nodes that hold the user, though nobody sees it', async () => {
      await both.opens('n1.0', 'ann', { claim: { status: 'invisible', stamp: 5 } });
      const { claim } = await both.store.people.claimOwn(ref('ann'), { status: 'invisible', text: 'x' });
      // Nodes where the person only watches are in no row, and have to know of who hides as well.
      expect(await both.entries()).toMatchObject([
        { kind: 'command', command: { type: 'claim', ref: ref('ann'), claim: { stamp: 5 } } },
        { kind: 'command', command: { type: 'claim', ref: ref('ann'), claim } },
      ]);
    });

    it('that came with one node is told to the others that hold the user', async () => {
      await both.opens('n1.0', 'ann');
      await both.opens('n2.0', 'ann', { claim: { status: 'busy', stamp: 7 } });
      const commands = (await both.entries()).filter(({ kind }) => kind === 'command');
      expect(commands).toMatchObject([{ command: { claim: { status: 'busy', stamp: 7 } } }]);
    });
  });

  describe('sweep', () => {
    it('ends what is due, and nothing before', async () => {
      await both.opens('n1.0', 'ann', { openedAgo: 500 });
      await both.tell(
        'n1.0',
        entryOf('ann', { count: 0, openedAgo: 500, closedAgo: 0, graceMs: POLICY.graceMs, activeAgo: 500 }),
      );
      await both.frozen.setTime(POLICY.graceMs - 1);
      expect(await both.sweepAll()).toBe(0);
      expect(await both.story()).toEqual(['ann online connect']);
      await both.frozen.setTime(POLICY.graceMs);
      expect(await both.sweepAll()).toBe(1);
      expect(await both.story()).toEqual(['ann online connect', 'ann offline disconnect']);
    });

    it('ends claims, and the idleness of connections that took it over', async () => {
      await both.opens('n1.0', 'ann', { claim: { status: 'busy', stamp: 1, until: EPOCH + 1000 } });
      await both.opens('n1.0', 'bob');
      await both.opens('n2.0', 'bob', { activeAgo: -1, openedIdle: true });
      await both.tell('n1.0', entryOf('bob', { count: 0, activeAgo: 0 }));
      await both.frozen.setTime(1000);
      await both.sweepAll();
      await both.frozen.setTime(POLICY.idleAwayMs);
      await both.sweepAll();
      expect((await both.story()).slice(2)).toEqual(['ann online expired', 'bob away idle']);
    });

    it('forgets who was offline for the retention, and leaves nothing of them', async () => {
      await both.opens('n1.0', 'ann', { name: 'Ann', claim: { status: null, stamp: 1 } });
      await both.tell('n1.0', entryOf('ann', { count: 0 }));
      await both.frozen.setTime(POLICY.retentionMs + 1);
      while ((await both.sweepAll()) > 0);
      expect(await both.view('ann')).toEqual({
        user: 'ann',
        status: 'offline',
        since: 0,
        ver: 0,
        devices: [],
      });
      expect(await both.store.views.readSelf(ref('ann'))).not.toHaveProperty('claim');
    });

    it('does not forget who set something without an end', async () => {
      await both.opens('n1.0', 'ann', { claim: { status: 'invisible', stamp: 1 } });
      await both.tell('n1.0', entryOf('ann', { count: 0 }));
      await both.frozen.setTime(3 * POLICY.retentionMs);
      await both.sweepAll();
      expect(await both.store.views.readSelf(ref('ann'))).toMatchObject({ invisible: true });
    });
  });

  describe('held', () => {
    it('lists whom a node holds, and nobody else', async () => {
      await both.opens('n1.0', 'a:b');
      await both.opens('n2.0', 'bob');
      await both.opens('n1.0', 'cid');
      await both.tell('n1.0', entryOf('cid', { count: 0 }));
      const held = await Promise.all(
        Array.from({ length: both.store.partitions }, (_, p) => both.store.leases.held(p, 'n1.0')),
      );
      expect(held.flat()).toEqual([ref('a:b')]);
    });
  });

  describe('register', () => {
    it('lists the node itself', async () => {
      const self: NodeInfo = {
        id: 'n1',
        name: 'one',
        version: '1',
        connections: 3,
        users: 2,
        startedAt: 5,
        heartbeatAgo: 9,
      };
      expect(await both.store.registry.register(self)).toEqual([{ ...self, heartbeatAgo: 0 }]);
      await both.store.registry.unregister('n1');
      expect(await both.store.registry.register({ ...self, id: 'n2' })).toMatchObject([{ id: 'n2' }]);
    });
  });
});
