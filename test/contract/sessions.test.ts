import { describe, expect, it } from 'vitest';
import { EPOCH, POLICY } from '../support/frozen-stores.ts';
import { describeBothStores, ref, type Subject } from './both-stores.ts';

const NOBODY = { iat: 1 };
const SECOND = 1000;

describeBothStores((both: Subject) => {
  const keep = (id: string, activity?: 'active' | 'idle', ttlMs = 2 * SECOND) =>
    both.store.people.keepSession(
      ref('ann'),
      id,
      { ttlMs, device: 'mobile', ...(activity && { activity }) },
      NOBODY,
    );

  describe('a session', () => {
    it('is presence without a socket, with its kind of device', async () => {
      expect(await keep('phone')).toMatchObject({ view: { status: 'online', devices: ['mobile'] } });
      expect(await both.story()).toEqual(['ann online connect']);
    });

    it('runs out without grace when it is not prolonged', async () => {
      await keep('phone');
      await both.frozen.setTime(SECOND);
      await keep('phone');
      await both.frozen.setTime(3 * SECOND - 1);
      await both.sweepAll();
      expect((await both.view('ann')).status).toBe('online');
      await both.frozen.setTime(3 * SECOND);
      await both.sweepAll();
      expect(await both.story()).toEqual(['ann online connect', 'ann offline expired']);
      expect((await both.view('ann')).lastSeen).toBe(EPOCH);
    });

    it('ends by a goodbye at once; one that is not there is no mistake', async () => {
      await keep('phone');
      await both.store.people.endSession(ref('ann'), 'phone');
      await both.store.people.endSession(ref('ann'), 'phone');
      await both.store.people.endSession(ref('nobody'), 'phone');
      expect(await both.story()).toEqual(['ann online connect', 'ann offline goodbye']);
    });

    it('is active when it begins, and later when it says so', async () => {
      await keep('phone', undefined, 60 * SECOND);
      await both.frozen.setTime(POLICY.idleAwayMs - 1);
      await keep('phone', undefined, 60 * SECOND);
      await both.frozen.setTime(POLICY.idleAwayMs);
      await both.sweepAll();
      expect((await both.view('ann')).status).toBe('away');
      await keep('phone', 'active', 60 * SECOND);
      expect((await both.view('ann')).status).toBe('online');
      await keep('phone', 'idle', 60 * SECOND);
      expect((await both.view('ann')).status).toBe('away');
      expect((await both.story()).slice(1)).toEqual(['ann away idle', 'ann online active', 'ann away idle']);
    });

    it('beside a connection changes nothing, and any active device counts', async () => {
      await both.opens('a.0', 'ann');
      await keep('phone', 'idle');
      await both.store.people.endSession(ref('ann'), 'phone');
      expect(await both.story()).toEqual(['ann online connect']);
      await both.opens('a.0', 'ann', { idle: true });
      await keep('phone');
      expect((await both.story()).slice(1)).toEqual(['ann away idle', 'ann online active']);
    });

    it('that begins idle beside somebody idle does not bring them back', async () => {
      await both.opens('a.0', 'ann', { idle: true });
      await both.frozen.setTime(POLICY.idleOfflineMs);
      await both.sweepAll();
      await keep('phone', 'idle');
      expect((await both.view('ann')).status).toBe('offline');
      await keep('tablet');
      expect((await both.view('ann')).status).toBe('online');
    });

    it('takes name and groups from its token', async () => {
      const profile = { name: 'Ann', groups: ['eng'], iat: 5 };
      await both.store.people.keepSession(ref('ann'), 's', { ttlMs: SECOND, device: 'api' }, profile);
      expect(await both.view('ann')).toMatchObject({ name: 'Ann', groups: ['eng'] });
      expect(await both.store.groups.count('acme', 'eng')).toEqual({ present: 1, members: 1 });
      await both.store.people.keepSession(
        ref('ann'),
        't',
        { ttlMs: SECOND, device: 'api' },
        { name: 'Old', iat: 4 },
      );
      expect((await both.view('ann')).name).toBe('Ann');
    });

    it('is one of at most sixteen; each may be prolonged, and the ended ones do not count', async () => {
      for (let i = 0; i < 16; i += 1) await keep(`s${i}`, undefined, i === 0 ? SECOND : 60 * SECOND);
      await keep('s1');
      await expect(keep('s16')).rejects.toMatchObject({ code: 'too_many_sessions' });
      await both.frozen.setTime(SECOND);
      await keep('s16');
      await expect(keep('s17')).rejects.toMatchObject({ code: 'too_many_sessions' });
    });
  });

  describe('"I was active now"', () => {
    it('moves when somebody was last seen, and makes nobody present', async () => {
      expect(await both.store.people.touch(ref('ann'), { name: 'Ann', iat: 1 })).toMatchObject({
        view: { status: 'offline', ver: 0, lastSeen: EPOCH, name: 'Ann' },
      });
      await both.frozen.setTime(SECOND);
      await both.store.people.touch(ref('ann'), NOBODY);
      expect((await both.view('ann')).lastSeen).toBe(EPOCH + SECOND);
      expect(await both.story()).toEqual([]);
    });

    it('shows nothing of the invisible', async () => {
      await both.opens('a.0', 'ann');
      await both.store.people.claimOwn(ref('ann'), { status: 'invisible' });
      const hidden = await both.view('ann');
      await both.frozen.setTime(SECOND);
      await both.store.people.touch(ref('ann'), NOBODY);
      expect(await both.view('ann')).toEqual(hidden);
    });

    /** No connection is active by it, but nobody who just was is idle beyond the limit. */
    it('brings back who went offline for idleness as away, not as online', async () => {
      await both.opens('a.0', 'ann', { idle: true });
      await both.frozen.setTime(POLICY.idleOfflineMs);
      await both.sweepAll();
      await both.store.people.touch(ref('ann'), NOBODY);
      expect(await both.story()).toEqual(['ann away connect', 'ann offline idle', 'ann away active']);
      await both.frozen.setTime(2 * POLICY.idleOfflineMs);
      await both.sweepAll();
      expect((await both.story()).at(-1)).toBe('ann offline idle');
    });

    it('is forgotten with the rest when nobody comes', async () => {
      await both.store.people.touch(ref('ann'), NOBODY);
      await both.frozen.setTime(POLICY.retentionMs);
      expect(await both.sweepAll()).toBe(1);
      expect(await both.view('ann')).toEqual({
        user: 'ann',
        status: 'offline',
        since: 0,
        ver: 0,
        devices: [],
      });
    });
  });
});
