import { describe, expect, it } from 'vitest';
import { EPOCH, POLICY } from '../support/frozen-stores.ts';
import { describeBothStores, ref, type Subject } from './both-stores.ts';

const SECOND = 1000;

describeBothStores((both: Subject) => {
  const busy = (priority = 50, more: object = {}) => ({ status: 'busy' as const, priority, ...more });

  describe('claims of services', () => {
    it('show while the person is there, the highest priority first, then the newest', async () => {
      await both.opens('a.0', 'ann');
      await both.store.people.claim(ref('ann'), 'calendar', busy(50, { text: 'meeting' }));
      await both.store.people.claim(ref('ann'), 'call', { status: 'away', priority: 60, text: 'call' });
      expect(await both.view('ann')).toMatchObject({ status: 'away', text: 'call' });
      await both.store.people.claim(ref('ann'), 'focus', busy(60, { text: 'focus' }));
      expect(await both.view('ann')).toMatchObject({ status: 'busy', text: 'focus' });
      await both.store.people.claimOwn(ref('ann'), { status: 'online' });
      expect((await both.view('ann')).status).toBe('online');
      expect(await both.story()).toEqual([
        'ann online connect',
        'ann busy claim',
        'ann away claim',
        'ann busy claim',
        'ann online claim',
      ]);
    });

    /** A call that ends after a meeting began falls back to the meeting. */
    it('fall back to the next one when they end, on time', async () => {
      await both.opens('a.0', 'ann');
      const call = { status: 'busy' as const, priority: 90, text: 'call', until: EPOCH + 3 * SECOND };
      await both.store.people.claim(ref('ann'), 'call', call);
      await both.frozen.setTime(SECOND);
      const meeting = { ...busy(50), text: 'meeting', until: EPOCH + 5 * SECOND };
      await both.store.people.claim(ref('ann'), 'calendar', meeting);
      expect((await both.view('ann')).text).toBe('call');
      await both.frozen.setTime(3 * SECOND);
      await both.sweepAll();
      expect(await both.view('ann')).toMatchObject({ status: 'busy', text: 'meeting', until: meeting.until });
      await both.frozen.setTime(5 * SECOND);
      await both.sweepAll();
      expect((await both.view('ann')).status).toBe('online');
      expect((await both.story()).slice(2)).toEqual(['ann busy expired', 'ann online expired']);
    });

    it('are kept while the person is away, and show when they come', async () => {
      const self = await both.store.people.claim(ref('ann'), 'calendar', busy());
      expect(self).toMatchObject({ view: { status: 'offline', ver: 0 }, invisible: false });
      expect(await both.story()).toEqual([]);
      await both.opens('a.0', 'ann');
      expect(await both.story()).toEqual(['ann busy connect']);
    });

    it('go when they are taken back; one that is not there is no mistake', async () => {
      await both.opens('a.0', 'ann');
      await both.store.people.claim(ref('ann'), 'calendar', busy());
      await both.store.people.claim(ref('ann'), 'calendar', null);
      await both.store.people.claim(ref('ann'), 'calendar', null);
      await both.store.people.claim(ref('nobody'), 'calendar', null);
      expect(await both.story()).toEqual(['ann online connect', 'ann busy claim', 'ann online claim']);
    });

    it('are at most eight, beside the own one; each may be replaced, and the ended ones do not count', async () => {
      await both.store.people.claimOwn(ref('ann'), { status: 'busy' });
      for (let i = 0; i < 8; i += 1) {
        await both.store.people.claim(
          ref('ann'),
          `s${i}`,
          busy(50, i === 0 ? { until: EPOCH + SECOND } : {}),
        );
      }
      await both.store.people.claim(ref('ann'), 's7', busy(60));
      await expect(both.store.people.claim(ref('ann'), 's8', busy())).rejects.toMatchObject({
        code: 'too_many_claims',
      });
      await both.frozen.setTime(SECOND);
      await both.store.people.claim(ref('ann'), 's8', busy());
      await expect(both.store.people.claim(ref('ann'), 's9', busy())).rejects.toMatchObject({
        code: 'too_many_claims',
      });
    });

    it('show nothing of somebody invisible', async () => {
      await both.opens('a.0', 'ann');
      await both.store.people.claimOwn(ref('ann'), { status: 'invisible' });
      const hidden = await both.view('ann');
      await both.store.people.claim(ref('ann'), 'call', busy(200));
      expect(await both.view('ann')).toEqual(hidden);
      expect(await both.story()).toEqual(['ann online connect', 'ann offline goodbye']);
    });

    it('that say `busy` survive idleness', async () => {
      await both.opens('a.0', 'ann');
      await both.store.people.claim(ref('ann'), 'call', busy());
      await both.opens('a.0', 'ann', { idle: true, activeAgo: 0 });
      await both.frozen.setTime(POLICY.idleOfflineMs * 2);
      await both.sweepAll();
      expect((await both.view('ann')).status).toBe('busy');
      await both.store.people.claim(ref('ann'), 'call', null);
      expect((await both.view('ann')).status).toBe('offline');
    });
  });
});
