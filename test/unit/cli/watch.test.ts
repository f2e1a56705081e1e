import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/run.ts';
import { until } from '../../support/until.ts';
import { type FakeIo, fakeIo } from './fake-io.ts';
import { NodeDouble } from './node-double.ts';

const TOKEN = 'v4.public.secret-of-the-watcher';
const SINCE = '2026-11-21T09:30:00.000Z';
const p = (user: string, status: string, ver: number, more: object = {}) => ({
  user,
  status,
  since: SINCE,
  ver,
  ...more,
});

let node: NodeDouble;
let url: string;
let io: FakeIo;
let running: Promise<number> | undefined;
beforeEach(async () => {
  node = new NodeDouble();
  url = await node.start();
  io = fakeIo({ ROLLCALL_TOKEN: TOKEN });
});
afterEach(async () => {
  io.abort();
  await running;
  running = undefined;
  await node.stop();
});

const start = (...args: string[]): Promise<number> => {
  running = run(['watch', '--url', url, ...args], io);
  return running;
};
/** For runs that only the end of the test ends. */
const begin = (...args: string[]): void => void start(...args);
const printed = (count: number): Promise<unknown> =>
  until(() => io.outLines.length >= count, { what: `${count} lines` });

describe('watch', () => {
  it('signs in by header on the usual path and asks for the users', async () => {
    begin('ann', 'bob', 'ann');
    await until(() => node.accepted[0]?.frames.length === 1);
    const [{ request, frames } = { request: undefined, frames: [] }] = node.accepted;
    expect(request?.url).toBe('/v1/ws?device=api');
    expect(request?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(frames).toEqual([{ type: 'watch', users: ['ann', 'bob'], ref: 'users-1' }]);
  });

  it('prints what it finds, then one line a transition', async () => {
    node.onFrame = (connection) => {
      connection.send({
        type: 'presence',
        users: [p('ann', 'online', 5)],
        snapshot: true,
        ref: 'users-1',
        more: true,
      });
      connection.send({
        type: 'presence',
        users: [{ user: 'b b', status: 'offline', ver: 0 }],
        snapshot: true,
        ref: 'users-1',
      });
      connection.send({
        type: 'presence',
        users: [p('ann', 'busy', 6, { text: 'Tea "party"\u001b', emoji: '🫖', until: SINCE })],
      });
      connection.send({
        type: 'presence',
        users: [p('ann', 'busy', 6), p('ann', 'online', 4), p('b b', 'away', 1)],
      });
    };
    begin('ann', 'b b');
    await printed(4);
    expect(io.outLines).toEqual([
      `${SINCE} ann online`,
      '- "b b" offline',
      `${SINCE} ann online → busy 🫖 "Tea \\"party\\"\\u001b" until ${SINCE}`,
      `${SINCE} "b b" offline → away`,
    ]);
  });

  it('prints JSON', async () => {
    node.onFrame = (connection) => {
      connection.send({ type: 'presence', users: [p('ann', 'online', 5)], snapshot: true, ref: 'users-1' });
      connection.send({ type: 'presence', users: [p('ann', 'away', 6, { lastSeen: SINCE })] });
    };
    begin('--json', 'ann');
    await printed(2);
    expect(io.outLines.map((line) => JSON.parse(line))).toEqual([
      p('ann', 'online', 5),
      { ...p('ann', 'away', 6, { lastSeen: SINCE }), previous: 'online' },
    ]);
  });

  it('splits a long list of users into frames that are small enough', async () => {
    const users = Array.from({ length: 300 }, (_, i) => `${'ü"'.repeat(40)}${i}`);
    begin(...users);
    const asked = () => node.accepted[0]?.frames.flatMap(({ users }) => users as string[]) ?? [];
    await until(() => asked().length === users.length);
    expect(asked()).toEqual(users);
    for (const frame of node.accepted[0]?.frames ?? [])
      expect(JSON.stringify(frame).length).toBeLessThan(10_000);
  });

  it('says goodbye on Ctrl-C and ends with 0', async () => {
    const end = start('ann');
    await until(() => node.accepted[0]?.frames.length === 1);
    io.abort();
    expect(await end).toBe(0);
    expect(node.accepted[0]?.frames.at(-1)).toEqual({ type: 'bye' });
  });

  it('ends on Ctrl-C while it waits to reconnect', async () => {
    node.refuse = { status: 503, headers: { 'retry-after': '3600' } };
    const end = start('ann');
    await until(() => io.errLines.length > 0);
    expect(io.errLines).toEqual(['refused with HTTP status 503; again in 3600.0 s']);
    io.abort();
    expect(await end).toBe(0);
  });
});

describe('after a lost connection', () => {
  it('comes back and prints only what changed meanwhile', async () => {
    const snapshots = [
      [p('ann', 'online', 5), p('bob', 'online', 5)],
      [p('ann', 'online', 5), p('bob', 'offline', 9)],
    ];
    node.onFrame = (connection, { type, ref }) => {
      if (type !== 'watch') return;
      connection.send({ type: 'presence', users: snapshots.shift(), snapshot: true, ref });
      if (snapshots.length > 0) connection.socket.terminate();
    };
    begin('ann', 'bob');
    await until(() => node.accepted.length === 2);
    await printed(3);
    expect(io.outLines.slice(2)).toEqual([`${SINCE} bob online → offline`]);
  });

  it('notices who of a tenant left, and who came, meanwhile', async () => {
    const snapshots = [
      [p('ann', 'online', 5), p('bob', 'away', 5)],
      [p('ann', 'online', 5), p('eve', 'online', 7)],
    ];
    node.onFrame = (connection, { tenant, ref }) => {
      if (tenant !== true) return;
      const [first, second] = snapshots.shift() ?? [];
      connection.send({ type: 'presence', users: [first], snapshot: true, ref, more: true });
      connection.send({ type: 'presence', users: [second], snapshot: true, ref });
      if (snapshots.length > 0) connection.socket.close(1012);
    };
    begin('--tenant');
    await printed(4);
    expect(io.outLines.slice(2)).toEqual([`${SINCE} eve offline → online`, '- bob away → offline']);
  });

  it('waits as long as the node that goes away asks', async () => {
    node.onConnection = (connection) => {
      connection.send({ type: 'reconnect', afterMs: 1_800_000 });
      connection.socket.close(1012);
    };
    begin('ann');
    await until(() => io.errLines.length === 2);
    expect(io.errLines[1]).toBe('closed with 1012, restarting; again in 1800.0 s');
  });

  it.each([1001, 1011, 1012, 1013, 4408, 4429])('comes back after %i', async (code) => {
    node.onConnection = (connection) => node.accepted.length === 1 && connection.socket.close(code);
    begin('ann');
    await until(() => node.accepted.length === 2);
  });

  it('comes back to a node that was not there', async () => {
    await node.stop();
    const port = new URL(url).port;
    const end = start('ann');
    await until(() => io.errLines.some((line) => line.startsWith('no connection: ECONNREFUSED; again in')));
    expect(port).not.toBe('');
    io.abort();
    expect(await end).toBe(0);
    node = new NodeDouble();
    await node.start();
  });
});

describe('when it makes no sense to go on', () => {
  it.each([
    [4400, 'closed with 4400, protocol_error'],
    [4401, 'closed with 4401, unauthorized'],
    [4403, 'closed with 4403, forbidden'],
    [4409, 'closed with 4409, replaced'],
  ])('ends with 1 after close code %i', async (code, why) => {
    node.onConnection = (connection) => connection.socket.close(code);
    expect(await start('ann')).toBe(1);
    expect(io.errLines.at(-1)).toBe(`rollcall: ${why}`);
    expect(node.accepted).toHaveLength(1);
  });

  it.each([401, 403, 404])('ends with 1 when refused with %i, without showing the token', async (status) => {
    node.refuse = { status };
    expect(await start('ann')).toBe(1);
    expect(io.errLines).toEqual([`rollcall: refused with HTTP status ${status}`]);
    expect(node.refused).toBe(1);
  });

  it.each([
    [
      'what the server says',
      JSON.stringify({ detail: 'The token has expired.' }),
      ': The token has expired.',
    ],
    [
      'it on one line, and nothing that moves a cursor',
      JSON.stringify({ detail: 'a\nb\u001b[2Jc' }),
      ': a b [2Jc',
    ],
    ['nothing of a page of a proxy', '<h1>Unauthorized</h1>', ''],
    ['nothing of an answer that is too large', JSON.stringify({ detail: 'x'.repeat(9_000) }), ''],
  ])('says with a refusal %s', async (_, body, said) => {
    node.refuse = { status: 401, body };
    expect(await start('ann')).toBe(1);
    expect(io.errLines).toEqual([`rollcall: refused with HTTP status 401${said}`]);
  });

  it('says the reason of a close', async () => {
    node.onConnection = (connection) => connection.socket.close(4403, 'logged out');
    expect(await start('ann')).toBe(1);
    expect(io.errLines.at(-1)).toBe('rollcall: closed with 4403, forbidden: logged out');
  });

  it.each(['forbidden', 'too_many_watches', 'invalid'])('ends with 1 when the watch is %s', async (code) => {
    node.onFrame = (connection, { type, ref }) =>
      type === 'watch' && connection.send({ type: 'error', code, message: 'because', ref });
    expect(await start('--tenant')).toBe(1);
    expect(io.errLines.at(-1)).toBe(`rollcall: ${code}: because`);
  });

  it('ends with 0 when the node says it is done', async () => {
    node.onConnection = (connection) => connection.socket.close(1000);
    expect(await start('ann')).toBe(0);
  });
});

describe('while a node cannot answer', () => {
  it('asks again on the same connection', async () => {
    node.onFrame = (connection, { type, ref }) => {
      if (type !== 'watch') return;
      if (connection.frames.length === 1)
        connection.send({ type: 'error', code: 'unavailable', message: 'm', ref });
      else connection.send({ type: 'presence', users: [p('ann', 'online', 1)], snapshot: true, ref });
    };
    begin('ann');
    await printed(1);
    expect(node.accepted).toHaveLength(1);
  });

  it('tells what is stale and what is no longer told', async () => {
    node.onConnection = (connection) => {
      connection.send({ type: 'degraded', on: true });
      connection.send({ type: 'degraded', on: false });
      connection.send({ type: 'gone', users: ['ann'] });
      connection.send({ type: 'something', new: 1 });
      connection.socket.send('not json');
      connection.socket.send(Buffer.from([1, 2]));
    };
    begin('ann');
    await until(() => io.errLines.length === 4);
    expect(io.errLines.slice(1)).toEqual([
      'what you see may be stale',
      'what you see is fresh again',
      'no longer watching "ann"',
    ]);
  });

  describe('with --place', () => {
    const VER = 5;
    const m = (user: string, ver: number, more: object = {}) => ({ user, since: SINCE, ver, ...more });

    it('asks for the places, beside the users', async () => {
      begin('--place', 'doc:7', 'ann', '--place', 'board');
      await until(() => node.accepted[0]?.frames.length === 2);
      expect(node.accepted[0]?.frames).toEqual([
        { type: 'watch', users: ['ann'], ref: 'users-1' },
        { type: 'watch', places: ['doc:7', 'board'], ref: 'places-2' },
      ]);
    });

    it('prints who is there, and then who enters, says other data and leaves', async () => {
      const place = { type: 'place', place: 'doc:7' };
      node.onFrame = (connection) => {
        connection.send({ ...place, users: [m('ann', VER, { data: { n: 1 } })], snapshot: true, more: true });
        connection.send({ ...place, users: [m('bob', VER)], snapshot: true });
        connection.send({ ...place, users: [m('cid', 6), m('ann', 7, { data: { n: 2 } }), m('bob', 4)] });
        connection.send({
          ...place,
          left: [
            { user: 'bob', at: SINCE, ver: 8 },
            { user: 'zoe', ver: 9 },
          ],
        });
        connection.send({ ...place, users: [], total: 12_000, truncated: true });
        connection.send({ ...place, users: [], total: 12_000 });
        connection.send({ ...place, users: [], total: 12_001 });
      };
      begin('--place', 'doc:7');
      await printed(7);
      expect(io.outLines).toEqual([
        `${SINCE} doc:7 ann is there {"n":1}`,
        `${SINCE} doc:7 bob is there`,
        `${SINCE} doc:7 cid entered`,
        `${SINCE} doc:7 ann changed {"n":2}`,
        `${SINCE} doc:7 bob left`,
        '- doc:7 12000 there',
        '- doc:7 12001 there',
      ]);
    });

    it('says after a reconnect only what changed meanwhile', async () => {
      let connections = 0;
      node.onFrame = (connection) => {
        connections += 1;
        const users = connections === 1 ? [m('ann', 1), m('bob', 2)] : [m('bob', 2), m('cid', 3)];
        connection.send({ type: 'place', place: 'doc:7', users, snapshot: true });
        if (connections === 1) connection.socket.terminate();
      };
      begin('--place', 'doc:7', '--json');
      await printed(4);
      expect(io.outLines.map((line) => JSON.parse(line))).toEqual([
        { place: 'doc:7', user: 'ann', since: SINCE },
        { place: 'doc:7', user: 'bob', since: SINCE },
        { place: 'doc:7', user: 'cid', change: 'entered', since: SINCE },
        { place: 'doc:7', user: 'ann', change: 'left' },
      ]);
    });
  });
});
