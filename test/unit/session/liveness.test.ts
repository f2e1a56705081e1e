import { afterEach, describe, expect, it } from 'vitest';
import { holds, until } from '../../support/until.ts';
import { Rig } from './rig.ts';

let rig: Rig;
afterEach(() => rig.stop());

/** Counts the pings that a client got. */
const pingsOf = (client: Awaited<ReturnType<Rig['enter']>>) => {
  const seen = { count: 0 };
  client.socket.on('ping', () => {
    seen.count += 1;
  });
  return seen;
};

describe('pings of the server', () => {
  it('come every interval, and keep an answering client', async () => {
    rig = await Rig.start({ settings: { pingIntervalMs: 100, pingTimeoutMs: 80 } });
    const client = await rig.enter('anna');
    const pings = pingsOf(client);
    const started = performance.now();
    await until(() => pings.count >= 6, { everyMs: 5 });
    expect(performance.now() - started).toBeGreaterThan(450);
    expect(performance.now() - started).toBeLessThan(1200);
    expect(client.over).toBe(false);
  });

  it('are spread over half an interval after a storm', async () => {
    const draws = [0, 0.999];
    rig = await Rig.start({
      settings: { pingIntervalMs: 600 },
      random: () => draws.shift() ?? 0,
    });
    const late = await rig.enter('anna');
    const early = await rig.enter('bob');
    const pings = [pingsOf(late), pingsOf(early)];
    await until(() => pings[1]?.count === 1, { everyMs: 5 });
    expect(pings[0]?.count).toBe(0);
    await until(() => pings[0]?.count === 1, { everyMs: 5 });
  });

  it('that nobody answers close 4408, and the grace begins then', async () => {
    rig = await Rig.start({ settings: { pingIntervalMs: 100, pingTimeoutMs: 150 } });
    const client = await rig.enter('anna', { autoPong: false });
    expect(await client.end()).toBe(4408);
    expect(rig.membership.left).toMatchObject([{ how: 'lost' }]);
    expect(await rig.value('rollcall_closes_total', { code: '4408' })).toBe(1);
  });

  it('are answered as well by anything else the client says', async () => {
    rig = await Rig.start({ settings: { pingIntervalMs: 200, pingTimeoutMs: 150 } });
    const client = await rig.enter('anna', { autoPong: false });
    const pings = pingsOf(client);
    client.socket.on('ping', () => client.send({ type: 'ping' }));
    await until(() => pings.count >= 5);
    expect(client.over).toBe(false);
  });

  it('go out at once when somebody wants to know, and tell of the first thing that comes', async () => {
    rig = await Rig.start({ settings: { pingIntervalMs: 10_000, pingTimeoutMs: 200 } });
    const [alive, silent] = [await rig.enter('anna'), await rig.enter('bob', { autoPong: false })];
    const answers: string[] = [];
    for (const member of rig.membership.members) {
      member.probe(() => answers.push('forgotten'));
      member.probe(() => answers.push(member.ref.user));
    }
    expect(await silent.end()).toBe(4408);
    expect(answers).toEqual(['anna']);
    expect(alive.over).toBe(false);
  });

  it('cut off who does not even answer the close', async () => {
    rig = await Rig.start({ settings: { pingIntervalMs: 100, pingTimeoutMs: 150 } });
    const client = await rig.enter('anna');
    client.pauseReading();
    await until(() => rig.membership.left.length === 1);
    await until(() => rig.capacity.sockets === 0, { timeoutMs: 8000 });
  });
});

describe('a process that was stopped', () => {
  it('times nobody out when it wakes', async () => {
    rig = await Rig.start({
      settings: { pingIntervalMs: 600, pingTimeoutMs: 500, authTimeoutMs: 1500 },
    });
    const client = await rig.enter('anna', { autoPong: false });
    const waiting = rig.dial();
    let answer = false;
    const pings = { count: 0 };
    client.socket.on('ping', () => {
      pings.count += 1;
      if (answer) client.socket.pong();
    });
    await until(() => pings.count === 1, { everyMs: 5 });
    // The ping is out and unanswered: the answer is what arrives while the process does not run.
    rig.ahead.monotonic += 20_000;
    answer = true;
    await holds(() => !client.over && !waiting.over, 200);
    client.socket.pong();
    await until(() => pings.count >= 3);
    expect(client.over).toBe(false);
    expect(await waiting.end()).toBe(4408);
  });
});

describe('a client that does not read', () => {
  /** A frame of about this many bytes. */
  const frame = (bytes: number) =>
    JSON.stringify({ type: 'error', code: 'invalid', message: 'x'.repeat(bytes) });
  const MEGABYTE = frame(1_000_000);

  const fill = async () => {
    rig = await Rig.start();
    const client = await rig.enter('anna');
    await client.watch({ users: ['bob'] });
    const watcher = rig.fanout.watchers[0];
    if (watcher === undefined) throw new Error('no watcher');
    client.pauseReading();
    // The kernels at both ends take some megabytes before anything piles up here.
    await until(
      () => {
        watcher.sink.send(MEGABYTE);
        return watcher.sink.buffered > 1_000_000;
      },
      { everyMs: 1 },
    );
    return { client, watcher };
  };

  it('is not read either, until it has taken what it was sent', async () => {
    const { client, watcher } = await fill();
    const before = watcher.sink.buffered;
    const frames = async () => rig.value('rollcall_frames_received_total', { type: 'ping' });
    for (let i = 0; i < 100; i += 1) client.send({ type: 'ping' });
    await holds(async () => watcher.sink.buffered <= before && (await frames()) === 0, 200);
    expect(watcher.drains).toBe(0);

    client.resumeReading();
    await until(() => watcher.drains > 0);
    expect(watcher.sink.buffered).toBe(0);
    await until(async () => (await frames()) === 100);
  });

  it('is told of room also when little stood in the buffer', async () => {
    rig = await Rig.start();
    const client = await rig.enter('anna');
    await client.watch({ users: ['bob'] });
    const watcher = rig.fanout.watchers[0];
    if (watcher === undefined) throw new Error('no watcher');
    client.pauseReading();
    // Less than the high-water mark at a time: the socket itself would never speak of draining.
    await until(
      () => {
        for (let i = 0; i < 500 && watcher.sink.buffered === 0; i += 1) watcher.sink.send(frame(4000));
        return watcher.sink.buffered > 0;
      },
      { everyMs: 1 },
    );
    expect(watcher.sink.buffered).toBeLessThan(16_384);
    client.resumeReading();
    await until(() => watcher.drains > 0);
  });

  it('may answer a ping late that stood behind all the rest', async () => {
    rig = await Rig.start({
      settings: { pingIntervalMs: 700, pingTimeoutMs: 600 },
      random: () => 0.999,
    });
    const client = await rig.enter('anna', { autoPong: false });
    await client.watch({ users: ['bob'] });
    const watcher = rig.fanout.watchers[0];
    if (watcher === undefined) throw new Error('no watcher');
    client.pauseReading();
    await until(
      () => {
        watcher.sink.send(MEGABYTE);
        return watcher.sink.buffered > 1_000_000;
      },
      { everyMs: 1 },
    );
    const filled = performance.now();
    // The first ping comes after 350 ms and would have to be answered by 950 ms.
    await holds(() => !client.over, 700 - (performance.now() - filled));
    client.resumeReading();
    await until(() => watcher.drains > 0);
    const drained = performance.now();
    await until(() => rig.membership.left.length === 1, { everyMs: 5 });
    expect(performance.now() - drained).toBeGreaterThan(550);
  });

  it('can be closed all the same', async () => {
    const { client } = await fill();
    rig.membership.members[0]?.evict('disconnect');
    expect(rig.membership.left).toHaveLength(1);
    client.resumeReading();
    expect(await client.end()).toBe(4403);
  });
});
