import { expect, it } from 'vitest';
import { EPOCH, POLICY } from '../support/frozen-stores.ts';
import { describeBothStores, ref } from './both-stores.ts';

const SECOND = 1000;
const BEACH = { text: 'On leave', emoji: '🏖️' };

/** What a person says of themselves, beside every status. */
describeBothStores((both) => {
  const note = (user: string, said: object) => both.store.people.note(ref(user), said);

  it('a note of somebody who is there is a transition that keeps `since`, and a later word counts', async () => {
    await both.opens('a.0', 'ann');
    await both.frozen.setTime(SECOND);
    expect((await note('ann', BEACH)).note).toMatchObject(BEACH);
    const service = await note('ann', { text: 'Back on Monday' });
    expect(service.view).toMatchObject({ status: 'online', since: EPOCH, note: { text: 'Back on Monday' } });
    expect(await both.story()).toEqual(['ann online connect', 'ann online note', 'ann online note']);
  });

  it('a note of somebody gone, or never seen, shows nothing but the note', async () => {
    await both.opens('a.0', 'ann');
    await both.opens('a.0', 'ann', { count: 0 });
    const gone = await both.view('ann');
    await both.frozen.setTime(SECOND);
    await note('ann', BEACH);
    expect(await both.view('ann')).toEqual({ ...gone, ver: expect.any(Number), note: BEACH });
    await note('nobody', BEACH);
    expect(await both.view('nobody')).toMatchObject({ status: 'offline', since: 0, note: BEACH });
    await note('nowhere', {});
    expect(await both.view('nowhere')).toMatchObject({ ver: 0 });
  });

  it('a note of somebody hidden is shown as of who left, and is no other transition', async () => {
    await both.opens('a.0', 'ann');
    await both.store.people.claimOwn(ref('ann'), { status: 'invisible' });
    const hidden = await both.view('ann');
    await both.frozen.setTime(SECOND);
    await note('ann', BEACH);
    expect(await both.view('ann')).toEqual({ ...hidden, ver: expect.any(Number), note: BEACH });
    expect((await both.story()).slice(1)).toEqual(['ann offline goodbye', 'ann offline note']);
  });

  it('it ends on time, whatever the status is', async () => {
    await both.opens('a.0', 'ann');
    await note('ann', { ...BEACH, until: EPOCH + SECOND });
    await note('bob', { ...BEACH, until: EPOCH + SECOND });
    await both.frozen.setTime(SECOND);
    await both.sweepAll();
    expect((await both.view('ann')).note).toBeUndefined();
    expect((await both.view('bob')).note).toBeUndefined();
    expect((await both.story()).filter((line) => line.includes('expired')).sort()).toEqual([
      'ann online expired',
      'bob offline expired',
    ]);
  });

  it('a node tells it again after a loss; of somebody hidden only they know it before they are seen', async () => {
    const stamp = EPOCH * 1000 - 5;
    const told = { ...BEACH, stamp };
    await both.opens('a.0', 'ann', { note: told });
    expect(await both.view('ann')).toMatchObject({ status: 'online', note: BEACH });
    const invisible = { status: 'invisible' as const, stamp };
    await both.opens('a.0', 'hid', { note: told, claim: invisible });
    expect(await both.view('hid')).toMatchObject({ status: 'offline', ver: 0 });
    expect((await both.view('hid')).note).toBeUndefined();
    expect((await both.store.views.readSelf(ref('hid'))).note).toEqual(told);
    await both.store.people.claimOwn(ref('hid'), { status: null });
    expect(await both.view('hid')).toMatchObject({ status: 'online', note: BEACH });
  });

  it('an older word of a node undoes nothing, not even a clearing, and none survives a forgetting', async () => {
    await both.opens('a.0', 'ann');
    const { note: first } = await note('ann', BEACH);
    await note('ann', {});
    await both.opens('a.0', 'ann', { ...(first && { note: first }) });
    expect((await both.view('ann')).note).toBeUndefined();
    const { note: second } = await note('ann', BEACH);
    await both.store.endings.forget(ref('ann'));
    await both.frozen.setTime(SECOND);
    await both.opens('a.0', 'ann', { openedAgo: 0, ...(second && { note: second }) });
    expect((await both.view('ann')).note).toBeUndefined();
  });

  it('others see it no longer than anything else of who left; the person finds it again', async () => {
    await both.opens('a.0', 'ann');
    await note('ann', BEACH);
    await both.opens('a.0', 'ann', { count: 0 });
    await both.frozen.setTime(POLICY.retentionMs + SECOND);
    await both.sweepAll();
    const aged = await both.view('ann');
    expect([aged.ver, aged.note]).toEqual([0, undefined]);
    await both.opens('a.0', 'ann', { openedAgo: 0, activeAgo: 0 });
    expect(await both.view('ann')).toMatchObject({ status: 'online', note: BEACH });
  });
});
