import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApplyReply } from '../../../src/store/port/reports.ts';
import { FakeMember, gate, ok } from './fakes.ts';
import { AWAY_MS, freezeTime, GRACE_MS, pass, Rig, turn } from './rig.ts';

const MINUTE = 60_000;

/** A session does the same: idle when reported, or silent for the limit; any frame but pings is activity. */
class Device extends FakeMember {
  uses(rig: Rig): void {
    this.activeAt = performance.now();
    this.idle = false;
    rig.roster.touched(this);
  }

  idles(rig: Rig): void {
    this.idle = true;
    rig.roster.touched(this);
  }
}

/** Beside one another on one node, connections stand to activity as they do on different ones. */
describe('activity of several connections here', () => {
  let rig: Rig;
  let beats: NodeJS.Timeout;
  beforeEach(() => {
    freezeTime();
    rig = new Rig();
    beats = setInterval(() => {
      rig.beat();
      rig.roster.tend();
    }, 2000);
  });
  afterEach(() => {
    clearInterval(beats);
    rig.stop();
    vi.useRealTimers();
  });
  const opens = async (openedIdle = false): Promise<Device> => {
    const device = new Device('ann');
    device.openedIdle = openedIdle;
    void rig.roster.join(device);
    await turn();
    return device;
  };
  /** What the store was told last. */
  const isIdle = (): boolean | undefined => rig.store.newest('ann')?.idle;
  const waits = (ms: number): Promise<void> => pass(ms, 1000);

  it('somebody who opens alone is active, and says nothing of activity', async () => {
    await opens();
    expect(rig.store.newest('ann')).toMatchObject({ idle: false, activeAgo: -1 });
  });

  it('somebody who opens idle and alone leaves it to the store, which knows of others, whether they are idle', async () => {
    await opens(true);
    expect(rig.store.newest('ann')).toMatchObject({ openedIdle: true, idle: false, activeAgo: -1 });
    await opens(true);
    expect(isIdle()).toBe(false);
  });

  it('connections that come back in one grace are as idle as those that left, however many they are', async () => {
    const tabs = [await opens(), await opens()];
    for (const tab of tabs) tab.idles(rig);
    await waits(MINUTE);
    for (const tab of tabs) rig.roster.leave(tab, 'lost');
    await opens();
    expect(isIdle()).toBe(true);
    await opens();
    expect(isIdle()).toBe(true);
    // Long after that grace, somebody has opened a tab.
    await waits(2 * GRACE_MS);
    await opens();
    expect(isIdle()).toBe(false);
  });

  it('turning idle or active is told at once, anything else with the next batch', async () => {
    const tab = await opens();
    tab.uses(rig);
    await turn();
    expect(rig.store.applied).toHaveLength(1);
    await waits(MINUTE);
    tab.idles(rig);
    await turn();
    expect(rig.store.newest('ann')).toMatchObject({ idle: true, activeAgo: MINUTE });
    tab.uses(rig);
    await turn();
    expect(rig.store.newest('ann')).toMatchObject({ idle: false, activeAgo: 0 });
  });

  it('one in use is enough', async () => {
    const [one, two] = [await opens(), await opens()];
    two.uses(rig);
    one.idles(rig);
    await turn();
    expect(isIdle()).toBe(false);
    two.idles(rig);
    await turn();
    expect(isIdle()).toBe(true);
  });

  it('a second tab that opens idle makes nobody active who is idle', async () => {
    const first = await opens();
    first.uses(rig);
    first.idles(rig);
    const second = await opens(true);
    expect(rig.store.newest('ann')).toMatchObject({ count: 2, idle: true });
    second.uses(rig);
    await turn();
    expect(isIdle()).toBe(false);
  });

  it('nor does one of somebody who never said anything and is idle for it', async () => {
    const first = await opens();
    first.idles(rig);
    await opens(true);
    expect(rig.store.newest('ann')).toMatchObject({ count: 2, idle: true, activeAgo: -1 });
  });

  it('a second tab makes the user active, whatever the first one is', async () => {
    const first = await opens();
    await waits(10_000);
    first.idles(rig);
    await turn();
    expect(isIdle()).toBe(true);
    await opens();
    expect(rig.store.newest('ann')).toMatchObject({ count: 2, idle: false, activeAgo: 0 });
  });

  /** Whether a grace ran elsewhere only the store knows: the first tab cannot decide what the second one is. */
  it('a second tab at once makes the user active as well, although the first one is idle by now', async () => {
    (await opens()).idles(rig);
    await opens();
    expect(isIdle()).toBe(false);
  });

  it('a reload within the grace makes nobody active either', async () => {
    const first = await opens();
    first.uses(rig);
    first.idles(rig);
    await waits(1000);
    rig.roster.leave(first, 'lost');
    await waits(GRACE_MS - 1000);
    await opens();
    expect(rig.store.newest('ann')).toMatchObject({ count: 1, idle: true });
  });

  it('a reload takes over from the most active of the tabs that closed, also beside one that is idle', async () => {
    const [active, idle] = [await opens(), await opens()];
    active.uses(rig);
    idle.idles(rig);
    await waits(1000);
    rig.roster.leave(active, 'lost');
    await waits(1000);
    const third = await opens();
    expect(rig.store.newest('ann')).toMatchObject({ count: 2, idle: false });
    rig.roster.leave(third, 'goodbye');
    await waits(1000);
    expect(rig.store.newest('ann')).toMatchObject({ count: 1, idle: true });
    rig.roster.leave(idle, 'lost');
    await waits(1000);
    await opens();
    expect(rig.store.newest('ann')).toMatchObject({ count: 1, idle: true });
  });

  it('after the grace who opens alone opens active again, and says nothing of the time before', async () => {
    const first = await opens();
    first.uses(rig);
    first.idles(rig);
    await waits(1000);
    rig.roster.leave(first, 'lost');
    await waits(GRACE_MS + 1000);
    await opens();
    expect(rig.store.newest('ann')).toMatchObject({ count: 1, idle: false, activeAgo: -1 });
  });

  it('a second tab is in use as long as the activity it took over, whoever closes first', async () => {
    const first = await opens();
    first.uses(rig);
    await waits(3 * MINUTE);
    await opens(true);
    rig.roster.leave(first, 'goodbye');
    await waits(AWAY_MS - 3 * MINUTE - 4000);
    expect(isIdle()).toBe(false);
    await waits(8000);
    expect(isIdle()).toBe(true);
  });

  it('a second tab that opens idle does not prolong the activity of the first', async () => {
    const first = await opens();
    await waits(3 * MINUTE);
    await opens(true);
    await waits(2 * MINUTE);
    // Its session finds out by itself that it was silent for the limit.
    first.idles(rig);
    await waits(4000);
    expect(isIdle()).toBe(true);
  });

  it('a tab that closes while another one is idle leaves the user idle', async () => {
    const first = await opens();
    first.idles(rig);
    const second = await opens();
    rig.roster.leave(second, 'lost');
    await turn();
    expect(rig.store.newest('ann')).toMatchObject({ count: 1, idle: true });
    rig.roster.leave(first, 'lost');
    await pass(400);
    expect(rig.store.newest('ann')).toMatchObject({ count: 0, idle: true });
  });

  it('nobody is ever idle for being silent when the limit is off', async () => {
    rig = new Rig(1, { idleAwayMs: 0 });
    const first = await opens();
    first.uses(rig);
    await opens();
    rig.roster.leave(first, 'goodbye');
    await waits(2 * AWAY_MS);
    expect(isIdle()).toBe(false);
  });

  describe('that took over from connections elsewhere', () => {
    beforeEach(() => {
      rig.store.onApply = async ({ entries }) =>
        ok({
          tookOver: entries.flatMap(({ activeAgo, count }, i) => (activeAgo < 0 && count > 0 ? [i] : [])),
        });
    });

    it('is watched by the store until somebody here speaks, which is told at once', async () => {
      const tab = await opens();
      expect(rig.store.applied).toHaveLength(1);
      tab.uses(rig);
      await turn();
      expect(rig.store.newest('ann')).toMatchObject({ idle: false, activeAgo: 0 });
    });

    it('is told again when somebody spoke while the batch was under way', async () => {
      const reply = gate<ApplyReply>();
      const answer = rig.store.onApply;
      rig.store.onApply = () => reply.promise;
      const tab = await opens();
      await waits(1000);
      tab.uses(rig);
      rig.store.onApply = answer;
      reply.resolve(ok({ tookOver: [0] }));
      await turn();
      expect(rig.store.applied).toHaveLength(2);
      expect(rig.store.newest('ann')).toMatchObject({ activeAgo: 0 });
    });

    it('lets nobody be active by those who stay silent', async () => {
      const [one] = [await opens(), await opens()];
      one.uses(rig);
      await turn();
      one.idles(rig);
      await turn();
      expect(isIdle()).toBe(true);
    });
  });

  it('kinds that are not in use although others are, are reported; somebody idle has none of them', async () => {
    const desktop = new Device('ann', { device: 'desktop' });
    const mobile = new Device('ann', { device: 'mobile' });
    const another = new Device('ann', { device: 'mobile' });
    for (const device of [desktop, mobile, another]) void rig.roster.join(device);
    await pass(500);
    const unused = () => rig.store.newest('ann')?.idleDevices;
    expect(unused()).toBeUndefined();
    mobile.idles(rig);
    await turn();
    expect(unused()).toBeUndefined();
    another.idles(rig);
    await turn();
    expect(unused()).toEqual(['mobile']);
    desktop.idles(rig);
    await turn();
    expect([isIdle(), unused()]).toEqual([true, undefined]);
    mobile.uses(rig);
    await turn();
    expect([isIdle(), unused()]).toEqual([false, ['desktop']]);
    // Whatever is used again and again is no news.
    const told = rig.store.applied.length;
    for (let n = 0; n < 5; n += 1) {
      mobile.uses(rig);
      await turn();
    }
    expect(rig.store.applied.length).toBe(told);
  });

  it('one that opened idle beside another is not in use until it is used', async () => {
    const phone = new Device('ann', { device: 'mobile' });
    const desktop = new Device('ann', { device: 'desktop' });
    desktop.openedIdle = true;
    for (const device of [phone, desktop]) void rig.roster.join(device);
    await pass(500);
    expect(rig.store.newest('ann')).toMatchObject({ idle: false, idleDevices: ['desktop'] });
    desktop.uses(rig);
    await turn();
    expect(rig.store.newest('ann')?.idleDevices).toBeUndefined();
  });
});
