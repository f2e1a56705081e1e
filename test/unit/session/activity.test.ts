import { afterEach, describe, expect, it } from 'vitest';
import { holds, until } from '../../support/until.ts';
import { Rig } from './rig.ts';

let rig: Rig;
afterEach(() => rig.stop());

const lastTouch = () => rig.membership.touches.at(-1);

describe('activity', () => {
  it('is nothing a new connection speaks of', async () => {
    rig = await Rig.start();
    await rig.enter('anna');
    expect(rig.membership.members[0]).toMatchObject({ activeAt: -1, idle: false });
    expect(rig.membership.touches).toEqual([]);
  });

  it('is a time by the monotonic clock', async () => {
    rig = await Rig.start();
    const client = await rig.enter('anna');
    const before = performance.now();
    client.send({ type: 'activity', state: 'active' });
    await until(() => rig.membership.touches.length === 1);
    expect(lastTouch()).toMatchObject({ idle: false });
    expect(lastTouch()?.activeAt).toBeGreaterThanOrEqual(before);
    expect(lastTouch()?.activeAt).toBeLessThanOrEqual(performance.now());
  });

  it('ends at once when the client says idle, and stays what it was', async () => {
    rig = await Rig.start();
    const client = await rig.enter('anna');
    client.send({ type: 'activity', state: 'active' });
    client.send({ type: 'activity', state: 'idle' });
    await until(() => rig.membership.touches.length === 2);
    expect(lastTouch()).toMatchObject({ idle: true, activeAt: rig.membership.touches[0]?.activeAt });
  });

  it('comes back with a status frame, not with a ping', async () => {
    rig = await Rig.start();
    const client = await rig.enter('anna');
    client.send({ type: 'activity', state: 'idle' });
    await client.ask({ type: 'ping' });
    expect(rig.membership.members[0]?.idle).toBe(true);
    await client.ask({ type: 'status', status: 'busy' });
    expect(rig.membership.members[0]?.idle).toBe(false);
    expect(rig.membership.members[0]?.activeAt).toBeGreaterThan(0);
  });
});

it('goes on for everybody, and for the one concerned, when the membership cannot take it', async () => {
  rig = await Rig.start({ settings: { idleAwayMs: 150, pingIntervalMs: 100, pingTimeoutMs: 300 } });
  const touched = rig.membership.touched.bind(rig.membership);
  let isBroken = true;
  rig.membership.touched = (member) => {
    if (isBroken && member.ref.user === 'anna') throw new Error('planted');
    touched(member);
  };
  const anna = await rig.enter('anna');
  await rig.enter('bob');
  const deaf = await rig.enter('carl', { autoPong: false });
  await until(() => rig.membership.touches.some(({ member }) => member.ref.user === 'bob'));
  // Deadlines of others in the same slot are kept, and hers as well.
  expect(await deaf.end()).toBe(4408);
  expect(anna.over).toBe(false);
  expect(rig.logged.length).toBeGreaterThan(0);
  isBroken = false;
  anna.send({ type: 'activity', state: 'active' });
  await until(() => rig.membership.touches.filter(({ member }) => member.ref.user === 'anna').length >= 2);
});

describe('silence', () => {
  const start = async (idleAwayMs: number) => {
    rig = await Rig.start({ settings: { idleAwayMs, pingIntervalMs: 100, pingTimeoutMs: 5000 } });
    return rig.enter('anna');
  };

  it('is idleness after the limit, told once', async () => {
    const client = await start(150);
    const entered = performance.now();
    await until(() => rig.membership.touches.length > 0, { everyMs: 5 });
    expect(performance.now() - entered).toBeGreaterThan(100);
    expect(lastTouch()).toMatchObject({ idle: true, activeAt: -1 });
    await client.ask({ type: 'ping' });
    await holds(() => rig.membership.touches.length === 1, 300);
  });

  it('begins anew with every activity', async () => {
    const client = await start(300);
    const end = performance.now() + 700;
    while (performance.now() < end) {
      client.send({ type: 'activity', state: 'active' });
      await client.ask({ type: 'ping' });
      await holds(() => rig.membership.members[0]?.idle === false, 100);
    }
    await until(() => rig.membership.members[0]?.idle);
    client.send({ type: 'activity', state: 'active' });
    await until(() => rig.membership.members[0]?.idle === false);
    await until(() => rig.membership.members[0]?.idle);
  });

  it('is noticed in time however rarely the client is pinged', async () => {
    rig = await Rig.start({ settings: { idleAwayMs: 150 } });
    const client = await rig.enter('anna');
    await until(() => rig.membership.members[0]?.idle, { timeoutMs: 1000 });
    client.send({ type: 'activity', state: 'active' });
    await until(() => rig.membership.members[0]?.idle === false);
    await until(() => rig.membership.members[0]?.idle, { timeoutMs: 1000 });
  });

  it('is broken neither by pings nor by renewals', async () => {
    const client = await start(200);
    await until(async () => {
      await client.ask({ type: 'ping' });
      return rig.membership.members[0]?.idle;
    });
  });

  it('means nothing when the limit is off', async () => {
    await start(0);
    await holds(() => rig.membership.touches.length === 0, 400);
  });
});
