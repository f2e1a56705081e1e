import { afterEach, describe, expect, it } from 'vitest';
import { Drain } from '../../../src/session/drain.ts';
import type { Session } from '../../../src/session/session.ts';
import { Unauthenticated } from '../../../src/session/unauthenticated.ts';
import { holds, until } from '../../support/until.ts';
import { gate, principal } from './fakes.ts';
import { Rig } from './rig.ts';

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

describe('degraded', () => {
  it('is told to everybody who was welcomed when it flips, once each way', async () => {
    rig = await Rig.start();
    const clients = [await rig.enter('anna'), await rig.enter('bob')];
    const waiting = rig.dial();
    await waiting.until(() => waiting.opened);
    rig.health.flip(true);
    rig.health.flip(true);
    for (const client of clients) await client.until(() => client.of('degraded').length === 1);
    rig.health.flip(false);
    for (const client of clients) await client.until(() => client.of('degraded').length === 2);
    for (const client of clients) expect(client.of('degraded').map(({ on }) => on)).toEqual([true, false]);
    expect(waiting.frames).toEqual([]);
  });

  it('reaches every one of very many, also when it flips back in the middle', async () => {
    rig = await Rig.start();
    const enter = (i: number) => (rig as Rig).enter(`u${i}`);
    const clients = [];
    for (let i = 0; i < 620; i += 62) {
      clients.push(...(await Promise.all(Array.from({ length: 62 }, (_, j) => enter(i + j)))));
    }
    rig.health.flip(true);
    // The first batch was told already, the others were not.
    rig.health.flip(false);
    for (const client of clients) await client.ask({ type: 'ping' });
    const told = clients.map((client) => client.of('degraded').map(({ on }) => on));
    expect(told.filter((flips) => flips.length === 0).length).toBeGreaterThan(50);
    expect(told.filter((flips) => flips.length === 2).length).toBeGreaterThan(400);
    for (const flips of told) expect(flips).toEqual([true, false].slice(0, flips.length));
    expect(told.some((flips) => flips.length === 1)).toBe(false);
  });

  it('that ended before the welcome is not spoken of', async () => {
    rig = await Rig.start();
    rig.health.flip(true);
    const join = gate<undefined>();
    rig.membership.self = join.promise;
    const client = rig.dial({ token: rig.auth.issue(principal('anna')) });
    await until(() => rig?.membership.members.length === 1);
    rig.health.flip(false);
    join.resolve(undefined);
    await client.ask({ type: 'ping' });
    expect(client.of('degraded')).toEqual([]);
  });
});

describe('draining', () => {
  it('sends everybody away over the window, each with a delay of its own', async () => {
    rig = await Rig.start();
    const users = Array.from({ length: 20 }, (_, i) => `u${i}`);
    const clients = await Promise.all(users.map((user) => (rig as Rig).enter(user)));
    const waiting = rig.dial();
    await waiting.until(() => waiting.opened);
    const started = performance.now();
    const closedAt: number[] = [];
    for (const client of clients)
      client.socket.once('close', () => closedAt.push(performance.now() - started));
    await rig.sessions.drain(600);
    expect(performance.now() - started).toBeGreaterThan(450);
    expect(performance.now() - started).toBeLessThan(900);
    for (const client of clients) expect(await client.end()).toBe(1012);
    expect(await waiting.end()).toBe(1012);
    expect(closedAt.filter((at) => at < 300).length).toBeGreaterThan(5);
    expect(closedAt.filter((at) => at > 300).length).toBeGreaterThan(5);
    const delays = clients.map((client) => client.first('reconnect')?.afterMs ?? -1);
    expect(delays.every((ms) => Number.isInteger(ms) && ms >= 0 && ms <= 2000)).toBe(true);
    expect(new Set(delays).size).toBeGreaterThan(10);
    expect(waiting.frames).toEqual([]);
    expect(rig.membership.left.map(({ how }) => how)).toEqual(users.map(() => 'drain'));
  });

  it('has clients come back long before their grace ends', async () => {
    rig = await Rig.start({ settings: { drainGraceMs: 400 } });
    const clients = await Promise.all(Array.from({ length: 20 }, (_, i) => (rig as Rig).enter(`u${i}`)));
    await rig.sessions.drain(0);
    for (const client of clients) {
      await client.end();
      expect(client.first('reconnect')?.afterMs).toBeLessThanOrEqual(100);
    }
  });

  it('hurries when it is asked again', async () => {
    rig = await Rig.start();
    const client = await rig.enter('anna');
    const bob = await rig.enter('bob');
    const slow = rig.sessions.drain(60_000);
    await Promise.all([slow, rig.sessions.drain(0)]);
    expect(await client.end()).toBe(1012);
    expect(await bob.end()).toBe(1012);
  });

  it('happens by itself when the server closes', async () => {
    rig = await Rig.start();
    const client = await rig.enter('anna');
    await rig.app.close();
    expect(await client.end()).toBe(1012);
    expect(client.first('reconnect')).toBeDefined();
    expect(rig.membership.left).toMatchObject([{ how: 'drain' }]);
  });

  it('waits for nobody who does not answer', async () => {
    rig = await Rig.start();
    const client = await rig.enter('anna');
    client.pauseReading();
    const started = performance.now();
    await rig.app.close();
    expect(performance.now() - started).toBeLessThan(3000);
    await until(() => rig?.capacity.sockets === 0);
  });

  it('spreads by the clock, however often it is looked at', async () => {
    const clock = { now: 0 };
    const closed: number[] = [];
    const sessions = Array.from({ length: 2000 }, () => ({
      open: true,
      send: () => undefined,
      close: () => closed.push(clock.now),
    })) as unknown as Session[];
    const drain = new Drain(sessions, {
      windowMs: 4000,
      reconnectMs: 0,
      monotonic: () => clock.now,
      random: Math.random,
    });
    const ticking = setInterval(() => {
      clock.now += 4;
    }, 1);
    await drain.run();
    clearInterval(ticking);
    expect(closed).toHaveLength(2000);
    const firstHalf = closed.filter((at) => at <= 2000).length;
    expect(firstHalf).toBeGreaterThan(700);
    expect(firstHalf).toBeLessThan(1300);
  });

  it('is over at once when nobody is there, and lasting', async () => {
    rig = await Rig.start();
    await rig.sessions.drain(60_000);
    expect(rig.sessions.draining).toBe(true);
    expect(await rig.dial().end()).toBe(1012);
    await holds(() => rig?.sessions.draining === true, 20);
  });
});

describe('sockets without a token', () => {
  it('are counted in all and by address', () => {
    const few = new Unauthenticated({ maxUnauthenticated: 30, maxUnauthenticatedPerAddress: 20 });
    const letIn = (address: string, times: number) =>
      Array.from({ length: times }, () => few.enter(address)).filter(Boolean).length;
    expect(letIn('a', 25)).toBe(20);
    expect(letIn('b', 25)).toBe(10);
    expect(few.count).toBe(30);
    few.leave('a');
    expect(letIn('b', 1)).toBe(1);
    expect(letIn('a', 1)).toBe(0);
    for (let i = 0; i < 19; i += 1) few.leave('a');
    for (let i = 0; i < 11; i += 1) few.leave('b');
    expect(few.count).toBe(0);
    expect(letIn('a', 20)).toBe(20);
  });

  it('are so many of one address; the next is closed 1013 until one is gone or signs in', async () => {
    rig = await Rig.start({ settings: { maxUnauthenticatedPerAddress: 20 } });
    const clients = Array.from({ length: 20 }, () => (rig as Rig).dial());
    for (const client of clients) await client.until(() => client.opened);
    expect(await rig.dial().end()).toBe(1013);
    await rig.enter('anna');

    const [first, second] = clients;
    await first?.ask({ type: 'auth', token: rig.auth.issue(principal('anna')) });
    second?.close();
    await until(async () => (await rig?.value('rollcall_unauthenticated_connections')) === 18);
    const more = [rig.dial(), rig.dial()];
    await until(async () => (await rig?.value('rollcall_unauthenticated_connections')) === 20);
    expect(more.every((client) => !client.over)).toBe(true);
    expect(await rig.dial().end()).toBe(1013);
  });

  it('are MAX_UNAUTHENTICATED in all', async () => {
    rig = await Rig.start({ settings: { maxUnauthenticated: 2 } });
    const clients = [rig.dial(), rig.dial()];
    for (const client of clients) await client.until(() => client.opened);
    expect(await rig.dial().end()).toBe(1013);
  });
});
