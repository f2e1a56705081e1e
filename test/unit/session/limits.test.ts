import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { Rig } from './rig.ts';

let rig: Rig;
afterEach(() => rig.stop());

describe('malformed frames', () => {
  it.each([
    ['no JSON', '{', 'bad_frame', undefined],
    ['no object', '[]', 'bad_frame', undefined],
    ['an unknown type', '{"type":"x","ref":"r"}', 'unknown_type', 'r'],
    ['wrong fields', '{"type":"watch","users":[7],"ref":"r"}', 'invalid', 'r'],
  ])('%s is answered and the connection stays', async (_what, text, code, ref) => {
    rig = await Rig.start();
    const client = await rig.enter('anna');
    client.sendRaw(text);
    await client.until(() => client.first('error'));
    expect(client.first('error')).toMatchObject({ type: 'error', code });
    expect(client.first('error')?.ref).toBe(ref);
    expect(client.first('error')?.message).not.toBe('');
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
  });

  it('are tolerated nine times; the tenth within a minute closes 4400', async () => {
    rig = await Rig.start();
    const client = await rig.enter('anna');
    for (let i = 0; i < 9; i += 1) client.sendRaw('nonsense');
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    client.sendRaw('nonsense');
    expect(await client.end()).toBe(4400);
    expect(client.of('error')).toHaveLength(10);
    expect(rig.membership.left).toMatchObject([{ how: 'lost' }]);
  });

  it('are forgiven after a minute', async () => {
    rig = await Rig.start();
    const client = await rig.enter('anna');
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 9; i += 1) client.sendRaw('nonsense');
      expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
      rig.ahead.monotonic += 60_000;
    }
  });
});

it('a binary frame closes 4400', async () => {
  rig = await Rig.start();
  const client = await rig.enter('anna');
  client.sendRaw(Buffer.from('{"type":"ping"}'));
  expect(await client.end()).toBe(4400);
});

describe('messages in pieces', () => {
  // Each keeps to the bound of one message; thousands of them fill a node.
  it('take so much of all connections, then who began first is closed 1009', async () => {
    rig = await Rig.start({ maxUnfinishedBytes: 3000 });
    const [first, second, ...others] = await Promise.all(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => rig.enter(name)),
    );
    if (first === undefined || second === undefined) throw new Error('seven were asked for');
    first.socket.send('{', { fin: false });
    expect(await second.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    for (const other of others) other.socket.send('{', { fin: false });
    expect(await first.end()).toBe(1009);
    expect(first.closed?.reason).toBe('too many messages are unfinished');
    for (const other of others) expect(other.closed).toBeUndefined();
    expect(await second.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
  });
});

describe('the size of frames', () => {
  it('may be the limit and no more: 1009', async () => {
    rig = await Rig.start({ settings: { maxFrameBytes: 1000 } });
    const client = await rig.enter('anna');
    const padded = (bytes: number) => {
      const frame = { type: 'ping', ref: 'r', pad: '' };
      return JSON.stringify({ ...frame, pad: 'x'.repeat(bytes - JSON.stringify(frame).length) });
    };
    client.sendRaw(padded(1000));
    await client.until(() => client.first('pong'));
    client.sendRaw(padded(1001));
    expect(await client.end()).toBe(1009);
    await until(() => rig.membership.left.length === 1);
    expect(await rig.value('rollcall_closes_total', { code: '1009' })).toBe(1);
  });
});

describe('the rate of frames', () => {
  const start = async () => {
    rig = await Rig.start({ settings: { frameRate: 10, frameBurst: 5 } });
    return rig.enter('anna');
  };

  it('drops what is over the burst and says so, with the ref', async () => {
    const client = await start();
    for (let i = 0; i < 8; i += 1) client.send({ type: 'ping', ref: `r${i}` });
    await client.until(() => client.received.length === 9);
    expect(client.of('pong')).toHaveLength(5);
    expect(client.of('error').map(({ code, ref }) => [code, ref])).toEqual([
      ['rate_limited', 'r5'],
      ['rate_limited', 'r6'],
      ['rate_limited', 'r7'],
    ]);
  });

  it('is made up for with time', async () => {
    const client = await start();
    for (let i = 0; i < 5; i += 1) await client.ask({ type: 'ping' });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ code: 'rate_limited' });
    rig.ahead.monotonic += 200;
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ code: 'rate_limited' });
  });

  it('after a long silence is a burst and no more', async () => {
    const client = await start();
    await client.ask({ type: 'ping' });
    rig.ahead.monotonic += 86_400_000;
    for (let i = 0; i < 8; i += 1) client.send({ type: 'ping' });
    await client.until(() => client.of('pong').length + client.of('error').length === 9);
    expect(client.of('pong')).toHaveLength(6);
    expect(client.of('error').map(({ code }) => code)).toEqual(Array(3).fill('rate_limited'));
  });

  it('closes 4429 when twice the rate was dropped within a second', async () => {
    const client = await start();
    for (let i = 0; i < 24; i += 1) client.send({ type: 'ping' });
    await client.until(() => client.of('error').length === 19);
    expect(client.over).toBe(false);
    client.send({ type: 'ping' });
    expect(await client.end()).toBe(4429);
    expect(rig.membership.left).toMatchObject([{ how: 'lost' }]);
  });

  it('counts the pings of the protocol, too', async () => {
    const client = await start();
    for (let i = 0; i < 30; i += 1) client.socket.ping();
    expect(await client.end()).toBe(4429);
  });

  it('answers the pings of the protocol', async () => {
    const client = await start();
    const pong = new Promise<string>((resolve) => {
      client.socket.once('pong', (data) => resolve(data.toString()));
    });
    client.socket.ping('hello');
    expect(await pong).toBe('hello');
  });
});

describe('connections of one user', () => {
  it('beyond the limit close the oldest with 4409, which starts no goodbye', async () => {
    rig = await Rig.start({ settings: { maxConnectionsPerUser: 2 } });
    const first = await rig.enter('anna');
    const other = await rig.enter('bob');
    const second = await rig.enter('anna');
    const third = await rig.enter('anna');
    expect(await first.end()).toBe(4409);
    expect([second.over, third.over, other.over]).toEqual([false, false, false]);
    expect(rig.membership.left).toMatchObject([{ how: 'lost' }]);
    expect(rig.membership.membersOf({ tenant: 'acme', user: 'anna' })).toHaveLength(2);
  });
});

it('eviction closes 4403', async () => {
  rig = await Rig.start();
  const client = await rig.enter('anna');
  rig.membership.members[0]?.evict('disconnect');
  expect(await client.end()).toBe(4403);
});
