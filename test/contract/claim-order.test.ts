import { expect, it } from 'vitest';
import type { ServiceClaim } from '../../src/store/port/people.ts';
import { EPOCH } from '../support/frozen-stores.ts';
import { describeBothStores, ref } from './both-stores.ts';

const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Claims as services write them: late, again and again, ahead of time. */
describeBothStores((both) => {
  const says = (source: string, more: Partial<ServiceClaim> = {}) =>
    both.store.people.claim(ref('ann'), source, { status: 'busy', priority: 50, ...more });
  const clears = (source: string, at?: number) => both.store.people.claim(ref('ann'), source, null, at);
  const outdated = { code: 'outdated' };
  const status = async () => (await both.view('ann')).status;

  it('a late "in a call" after its end changes nothing', async () => {
    await both.opens('a.0', 'ann');
    await both.frozen.setTime(10 * SECOND);
    await says('call', { at: EPOCH + 2 * SECOND });
    await clears('call', EPOCH + 5 * SECOND);
    await expect(says('call', { at: EPOCH + 2 * SECOND })).rejects.toMatchObject(outdated);
    await expect(says('call', { at: EPOCH + 4 * SECOND })).rejects.toMatchObject(outdated);
    expect(await status()).toBe('online');
    // Also where the end came first.
    await clears('meeting', EPOCH + 5 * SECOND);
    await expect(says('meeting', { at: EPOCH + 4 * SECOND })).rejects.toMatchObject(outdated);
    await says('meeting', { at: EPOCH + 6 * SECOND });
    expect(await status()).toBe('busy');
  });

  it('nor does one after it ended by itself, or that took longer than an hour', async () => {
    await both.opens('a.0', 'ann');
    await says('call', { at: EPOCH, until: EPOCH + SECOND });
    await both.frozen.setTime(2 * SECOND);
    await both.sweepAll();
    expect(await status()).toBe('online');
    await expect(says('call', { at: EPOCH - SECOND })).rejects.toMatchObject(outdated);
    await expect(says('new', { at: EPOCH + SECOND - HOUR })).rejects.toMatchObject(outdated);
    await expect(clears('new', EPOCH + SECOND - HOUR)).rejects.toMatchObject(outdated);
  });

  it('one of the same time is a retry, and without a time it is as of now', async () => {
    await both.opens('a.0', 'ann');
    await says('call', { at: EPOCH + 4 * SECOND, text: 'first' });
    const again = await says('call', { at: EPOCH + 4 * SECOND, text: 'again' });
    expect(again.view.text).toBe('first');
    await expect(says('call')).rejects.toMatchObject(outdated);
    await expect(clears('call')).rejects.toMatchObject(outdated);
    await both.frozen.setTime(5 * SECOND);
    await says('call', { text: 'later' });
    await says('call', { text: 'in the same moment' });
    expect((await both.view('ann')).text).toBe('in the same moment');
    await expect(says('call', { at: EPOCH })).rejects.toMatchObject(outdated);
  });

  it('a lease is not shown, renewing it every 3 s makes no transition, and without it the claim ends', async () => {
    await both.opens('a.0', 'ann');
    await says('call', { leaseMs: 5 * SECOND });
    for (let at = 3; at <= 30; at += 3) {
      await both.frozen.setTime(at * SECOND);
      await both.sweepAll();
      await both.opens('a.0', 'ann');
      await says('call', { leaseMs: 5 * SECOND });
    }
    expect((await both.view('ann')).until).toBeUndefined();
    expect(await both.story()).toEqual(['ann online connect', 'ann busy claim']);
    await both.frozen.setTime(34_999);
    expect(await both.sweepAll()).toBe(0);
    await both.frozen.setTime(35 * SECOND);
    await both.sweepAll();
    expect((await both.story()).slice(2)).toEqual(['ann online expired']);
  });

  it('renewing does not make it newer than what was set since', async () => {
    await both.opens('a.0', 'ann');
    await says('call', { leaseMs: 60 * SECOND, text: 'call' });
    await both.frozen.setTime(SECOND);
    await says('meeting', { text: 'meeting' });
    await says('call', { leaseMs: 60 * SECOND, text: 'call' });
    expect((await both.view('ann')).text).toBe('meeting');
  });

  it('renewing without a time leaves nothing older to come, nor does the end of the lease', async () => {
    await both.opens('a.0', 'ann');
    await says('call', { leaseMs: 60 * SECOND, at: EPOCH });
    for (const at of [20, 40]) {
      await both.frozen.setTime(at * SECOND);
      await says('call', { leaseMs: 60 * SECOND });
      await expect(clears('call', EPOCH + (at - 10) * SECOND)).rejects.toMatchObject(outdated);
      await expect(says('call', { at: EPOCH + (at - 1) * SECOND })).rejects.toMatchObject(outdated);
    }
    expect(await status()).toBe('busy');
    await both.frozen.setTime(100 * SECOND);
    await both.sweepAll();
    await both.opens('a.0', 'ann');
    expect(await status()).toBe('online');
    await expect(says('call', { at: EPOCH + 39 * SECOND })).rejects.toMatchObject(outdated);
    await says('call', { at: EPOCH + 41 * SECOND });
    expect(await status()).toBe('busy');
  });

  it('an absence that begins on Monday begins then, and ends', async () => {
    const from = EPOCH + 3 * DAY;
    await says('absence', { status: 'away', from, until: from + DAY });
    const session = { ttlMs: 200 * DAY, device: 'web' as const };
    await both.store.people.keepSession(ref('ann'), 'phone', session, { iat: 0 });
    await both.store.people.claimOwn(ref('ann'), { status: 'online' });
    await says('absence', { status: 'away', priority: 150, from, until: from + DAY });
    await both.frozen.setTime(3 * DAY - 1);
    await both.sweepAll();
    await both.store.people.keepSession(ref('ann'), 'phone', { ...session, activity: 'active' }, { iat: 0 });
    expect(await status()).toBe('online');
    await both.frozen.setTime(3 * DAY);
    await both.sweepAll();
    expect(await status()).toBe('away');
    expect((await both.story()).at(-1)).toBe('ann away claim');
    await both.frozen.setTime(4 * DAY);
    await both.store.people.keepSession(ref('ann'), 'phone', { ...session, activity: 'active' }, { iat: 0 });
    expect(await status()).toBe('online');
  });

  it('what came too late is remembered for an hour, of few sources, and then the row is nobody', async () => {
    for (let n = 0; n < 20; n += 1) await clears(`s${n}`, EPOCH + n);
    await expect(says('s19', { at: EPOCH })).rejects.toMatchObject(outdated);
    await both.frozen.setTime(HOUR + 60 * SECOND);
    expect(await both.sweepAll()).toBe(1);
    expect(await both.sweepAll()).toBe(0);
  });
});
