import { describe, expect, it } from 'vitest';
import { EPOCH, POLICY } from '../support/frozen-stores.ts';
import { describeBothStores, ref, type Subject } from './both-stores.ts';

const SECOND = 1000;

describeBothStores((both: Subject) => {
  const why = (user = 'ann') => both.store.views.explain(ref(user));

  describe('an explanation', () => {
    it('of somebody nobody knows says so', async () => {
      expect(await why()).toEqual({
        view: { user: 'ann', status: 'offline', since: 0, ver: 0, devices: [] },
        ...{ invisible: false, nodes: [], sessions: [], claims: [], groups: [], transitions: [] },
      });
    });

    it('names connections by node, sessions, claims and which of them counts, groups and deadlines', async () => {
      await both.opens('b.0', 'ann', { count: 2, devices: ['web', 'mobile'], groups: ['g'], iat: 9 });
      await both.frozen.setTime(SECOND);
      await both.opens('a.0', 'ann', { activeAgo: -1, openedIdle: true, idle: true });
      await both.store.people.keepSession(ref('ann'), 's', { ttlMs: 500, device: 'api' }, { iat: 0 });
      const until = EPOCH + 9 * SECOND;
      await both.store.people.claim(ref('ann'), 'call', { status: 'busy', priority: 120, text: 'x', until });
      await both.store.people.claim(ref('ann'), 'cal', { status: 'away', priority: 10 });
      await both.store.people.claimOwn(ref('ann'), { status: 'online' });
      const now = EPOCH + SECOND;
      const told = await why();
      expect(told).toMatchObject({
        ...{ view: { status: 'busy', text: 'x', until }, invisible: false, counts: 'call', groups: ['g'] },
        sessions: [{ id: 's', expiresAt: now + 500, activeAt: now, idle: false, devices: ['api'] }],
        own: { status: 'online' },
        claims: [
          { source: 'cal', status: 'away', priority: 10 },
          { source: 'call', status: 'busy', priority: 120, text: 'x', until },
        ],
        ...{ nextDeadline: now + 500, lastActive: now },
      });
      expect(told.nodes).toEqual([
        { node: 'a.0', connections: 1, openedAt: now, idle: true, devices: ['web'], active: [] },
        {
          ...{ node: 'b.0', connections: 2, openedAt: EPOCH, activeAt: EPOCH, idle: false },
          ...{ devices: ['web', 'mobile'], active: ['web', 'mobile'] },
        },
      ]);
      expect(told.grace).toBeUndefined();
      expect(told.revokedAt).toBeUndefined();
    });

    it('tells of a grace, of who hides and of a revocation', async () => {
      await both.opens('a.0', 'ann', { openedAgo: 100 });
      await both.opens('a.0', 'ann', { count: 0, openedAgo: 100, closedAgo: 0 });
      expect((await why()).grace).toEqual({
        ...{ since: EPOCH, endsAt: EPOCH + POLICY.graceMs, nodeLost: false },
      });
      await both.store.endings.revoke(ref('ann'));
      await both.store.people.claimOwn(ref('ann'), { status: 'invisible' });
      const told = await why();
      expect(told).toMatchObject({ invisible: true, revokedAt: EPOCH });
      expect(told.grace).toBeUndefined();
      expect(told.counts).toBeUndefined();
    });

    it('ends with the last five transitions, newest first', async () => {
      await both.opens('a.0', 'bob');
      for (const status of ['busy', 'away', 'busy', 'online', 'away', 'busy'] as const) {
        await both.store.people.claim(ref('ann'), 's', { status, priority: 1 });
        await both.opens('a.0', 'ann');
        await both.opens('a.0', 'bob', { idle: status === 'busy' });
      }
      const { transitions, view } = await why();
      expect(transitions.map(({ previous, status }) => `${previous} ${status}`)).toEqual([
        'away busy',
        'online away',
        'busy online',
        'away busy',
        'busy away',
      ]);
      expect(transitions[0]?.ver).toBe(view.ver);
      expect(new Set(transitions.map(({ user }) => user))).toEqual(new Set(['ann']));
      expect((await why('bob')).transitions.length).toBe(5);
    });

    it('of somebody forgotten has nothing of before', async () => {
      await both.opens('a.0', 'ann');
      await both.store.endings.forget(ref('ann'));
      expect((await why()).transitions).toEqual([]);
      await both.frozen.setTime(SECOND);
      await both.opens('a.0', 'ann');
      expect((await why()).transitions).toHaveLength(1);
    });
  });
});
