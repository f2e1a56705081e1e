import { describe, expect, it } from 'vitest';
import { EPOCH, POLICY } from '../support/frozen-stores.ts';
import { entryOf } from '../support/raw-store.ts';
import { describeBothStores, ref, type Subject, TENANT } from './both-stores.ts';

const SECOND = 1000;

describeBothStores((both: Subject) => {
  const active = async (user = 'ann') => (await both.store.views.readSelf(ref(user))).view.active;
  const devices = async (user = 'ann') => (await both.view(user)).devices;
  const disconnect = (device: 'web' | 'desktop' | 'mobile' | 'api') =>
    both.store.endings.disconnect(ref('ann'), device);
  const keep = (device: 'mobile' | 'api', activity?: 'active' | 'idle') =>
    both.store.people.keepSession(
      ref('ann'),
      `on ${device}`,
      { ttlMs: 60 * SECOND, device, ...(activity && { activity }) },
      { iat: 1 },
    );

  describe('the kinds of device in use', () => {
    it('are those that their nodes report as in use, of all nodes and sessions', async () => {
      await both.opens('a.0', 'ann', { devices: ['desktop', 'mobile'], idleDevices: ['mobile'] });
      expect(await active()).toEqual(['desktop']);
      await both.opens('b.0', 'ann', { devices: ['web'], idle: true });
      expect(await active()).toEqual(['desktop']);
      await keep('api');
      expect(await active()).toEqual(['desktop', 'api']);
      await both.opens('a.0', 'ann', { devices: ['desktop', 'mobile'] });
      expect(await active()).toEqual(['desktop', 'mobile', 'api']);
      expect(await devices()).toEqual(['web', 'desktop', 'mobile', 'api']);
      expect(await both.story()).toEqual(['ann online connect']);
    });

    it('are none of somebody idle, whatever they claim', async () => {
      await both.opens('a.0', 'ann', { idle: true, devices: ['web', 'mobile'] });
      await both.store.people.claimOwn(ref('ann'), { status: 'busy' });
      expect(await both.view('ann')).toMatchObject({
        status: 'busy',
        devices: ['web', 'mobile'],
        active: [],
      });
    });

    it('end with the idle limit of a session, and of who took over', async () => {
      await keep('mobile');
      await both.opens('a.0', 'ann', { activeAgo: -1, openedIdle: true, devices: ['desktop'] });
      expect(await active()).toEqual(['desktop', 'mobile']);
      await both.frozen.setTime(POLICY.idleAwayMs - 1);
      expect(await active()).toEqual(['desktop', 'mobile']);
      await both.frozen.setTime(POLICY.idleAwayMs);
      expect(await active()).toEqual([]);
    });

    it('stay in a grace what they were', async () => {
      const at = { openedAgo: 100 };
      await both.opens('a.0', 'ann', { ...at, devices: ['desktop', 'mobile'], idleDevices: ['mobile'] });
      await both.opens('a.0', 'ann', { ...at, count: 0, closedAgo: 0, devices: [] });
      expect(await both.view('ann')).toMatchObject({ devices: ['desktop', 'mobile'], active: ['desktop'] });
      await both.frozen.setTime(POLICY.graceMs - 1);
      expect(await active()).toEqual(['desktop']);
    });

    it('are nothing of somebody offline or hidden', async () => {
      expect(await active()).toBeUndefined();
      await both.opens('a.0', 'ann');
      await both.store.people.claimOwn(ref('ann'), { status: 'invisible' });
      expect(await active()).toBeUndefined();
      const [read] = await both.store.views.read(TENANT, ['ann'], { inUse: true });
      expect(read?.active).toBeUndefined();
      expect((await both.store.views.explain(ref('ann'))).nodes).toMatchObject([{ active: ['web'] }]);
    });

    it('are read where they are asked for alone', async () => {
      await both.opens('a.0', 'ann', { groups: ['eng'], iat: 1 });
      const { views, groups } = both.store;
      expect((await views.read(TENANT, ['ann'], { inUse: true }))[0]?.active).toEqual(['web']);
      expect((await views.page(TENANT, 9, undefined, { inUse: true })).users[0]?.active).toEqual(['web']);
      const page = await groups.page(TENANT, 'eng', 9, undefined, { inUse: true });
      expect(page.users[0]?.active).toEqual(['web']);
      for (const [view] of [
        await views.read(TENANT, ['ann']),
        (await views.page(TENANT, 9)).users,
        (await groups.page(TENANT, 'eng', 9)).users,
        (await groups.members(TENANT, 'eng', 9)) ?? [],
      ]) {
        expect(view?.user).toBe('ann');
        expect(view).not.toHaveProperty('active');
      }
      const [told] = await both.tell('b.0', entryOf('ann', { asks: true }));
      expect(told?.selves.get(0)?.view).not.toHaveProperty('active');
    });
  });

  describe('a disconnection of one kind of device', () => {
    it('ends its connections everywhere, and says so to every node; others stay', async () => {
      await both.opens('a.0', 'ann', { devices: ['desktop'] });
      await both.opens('b.0', 'ann', { devices: ['mobile'] });
      await both.frozen.setTime(SECOND);
      await disconnect('desktop');
      expect(await devices()).toEqual(['mobile']);
      expect(await both.story()).toEqual(['ann online connect']);
      expect((await both.entries()).at(-1)).toMatchObject({
        command: {
          ...{ type: 'disconnect_device', ref: ref('ann') },
          ...{ at: (EPOCH + SECOND) * 1000, device: 'desktop' },
        },
      });
      expect(await both.store.leases.held(both.store.partitionOf(ref('ann')), 'a.0')).toEqual([]);
      expect(await both.store.leases.held(both.store.partitionOf(ref('ann')), 'b.0')).toHaveLength(1);
      await disconnect('mobile');
      expect(await both.story()).toEqual(['ann online connect', 'ann offline revoked']);
      expect((await both.view('ann')).lastSeen).toBe(EPOCH + SECOND);
    });

    it('leaves to a node of several kinds what is left there', async () => {
      await both.opens('a.0', 'ann', { count: 3, devices: ['desktop', 'mobile'], idleDevices: ['mobile'] });
      await disconnect('desktop');
      expect(await devices()).toEqual(['mobile']);
      expect(await active()).toEqual([]);
      await both.opens('a.0', 'ann', { devices: ['mobile'], idle: true, openedAgo: 9 });
      expect(await both.story()).toEqual(['ann online connect', 'ann away idle']);
    });

    it('ends sessions of that kind and its grace', async () => {
      await keep('api');
      await keep('mobile');
      await disconnect('mobile');
      expect(await devices()).toEqual(['api']);
      await disconnect('api');
      expect(await both.story()).toEqual(['ann online connect', 'ann offline revoked']);
      await both.frozen.setTime(SECOND);
      await both.opens('a.0', 'ann', { openedAgo: 100, devices: ['desktop'] });
      await both.opens('a.0', 'ann', { count: 0, openedAgo: 100, closedAgo: 0, devices: [] });
      await disconnect('mobile');
      expect((await both.story()).slice(2)).toEqual(['ann online connect']);
      await disconnect('desktop');
      expect((await both.story()).slice(2)).toEqual(['ann online connect', 'ann offline revoked']);
    });

    it('is not undone by a report that was on the way, and its node is told', async () => {
      const desktop = { devices: ['desktop'], openedAgo: 0 } as const;
      await both.opens('a.0', 'ann', desktop);
      await disconnect('desktop');
      await both.frozen.setTime(SECOND);
      const [late] = await both.opens('a.0', 'ann', { ...desktop, openedAgo: SECOND });
      expect([...(late?.ended ?? [])]).toEqual([[0, { how: 'disconnect_device', at: 0 }]]);
      expect(await both.story()).toEqual(['ann online connect', 'ann offline revoked']);
      // What opened since is meant to be there.
      await both.opens('a.0', 'ann', desktop);
      expect((await both.story()).at(-1)).toBe('ann online connect');
    });

    it('does not concern other kinds that were reported late', async () => {
      await both.opens('a.0', 'ann', { devices: ['desktop'] });
      await disconnect('desktop');
      await both.frozen.setTime(SECOND);
      const [told] = await both.opens('b.0', 'ann', { devices: ['mobile'], openedAgo: 2 * SECOND });
      expect(told?.ended).toBeUndefined();
      expect(await devices()).toEqual(['mobile']);
    });

    it('is not held back by damping', async () => {
      await both.opens('a.0', 'ann');
      for (const status of ['busy', 'away', 'busy', 'away', 'busy', 'away'] as const)
        await both.store.people.claimOwn(ref('ann'), { status });
      await disconnect('web');
      expect((await both.story()).at(-1)).toBe('ann offline revoked');
    });

    it('of a kind that is not there changes nothing', async () => {
      await both.opens('a.0', 'ann');
      const before = await both.view('ann');
      await disconnect('api');
      expect(await both.view('ann')).toEqual(before);
      await both.store.endings.disconnect(ref('nobody'), 'api');
      expect(await both.story()).toEqual(['ann online connect']);
    });
  });
});
