import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { until } from '../support/until.ts';

const FIRST = 0x01;
const MORE = 0x00;
const LAST = 0x80;

/** One frame of a client, with a mask of zeros, which leaves the text as it is. */
const frame = (opcode: number, text: string): Buffer => {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
};

/** A WebSocket spoken by hand, because every library finishes what it begins. */
class RawSocket {
  readonly socket: Socket;
  #read = Buffer.alloc(0);
  ended = false;

  constructor(port: number, path = '/v1/ws', headers: readonly string[] = []) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (data) => {
      this.#read = Buffer.concat([this.#read, data]);
    });
    this.socket.on('close', () => {
      this.ended = true;
    });
    this.socket.on('error', () => undefined);
    this.socket.write(
      [
        `GET ${path} HTTP/1.1`,
        'Host: 127.0.0.1',
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        'Sec-WebSocket-Version: 13',
        ...headers,
        '\r\n',
      ].join('\r\n'),
    );
  }

  static async open(port: number, path?: string, headers?: readonly string[]): Promise<RawSocket> {
    const raw = new RawSocket(port, path, headers);
    await until(() => raw.#read.includes('\r\n\r\n'), { what: 'an answer to the upgrade' });
    expect(raw.#read.toString('latin1')).toContain(' 101 ');
    return raw;
  }

  /** The kernel has taken everything, or the server has hung up. */
  readonly written = async (): Promise<void> => {
    await until(() => this.ended || this.socket.writableLength === 0, { what: 'all to be written' });
  };

  /** Code and reason of the server's close frame, once it came. */
  async closed(timeoutMs = 5_000): Promise<{ code: number; reason: string } | 'open'> {
    await until(() => this.ended || this.#closeFrame() !== undefined, { what: 'a close', timeoutMs }).catch(
      () => undefined,
    );
    const at = this.#closeFrame();
    if (at === undefined) return 'open';
    const length = (this.#read[at + 1] ?? 0) & 0x7f;
    const payload = this.#read.subarray(at + 2, at + 2 + length);
    return { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
  }

  /** Server frames are not masked; those of these tests are short, but for a welcome with a length of two bytes. */
  #closeFrame(): number | undefined {
    let at = this.#read.indexOf('\r\n\r\n') + 4;
    while (at >= 4 && at + 2 <= this.#read.length) {
      const short = (this.#read[at + 1] ?? 0) & 0x7f;
      const isLong = short === 126;
      const length = isLong ? this.#read.readUInt16BE(at + 2) : short;
      if ((this.#read[at] ?? 0) === 0x88) return at;
      at += (isLong ? 4 : 2) + length;
    }
    return undefined;
  }
}

describe('abuse is contained: unfinished messages', () => {
  let cluster: Cluster;
  const sockets: RawSocket[] = [];
  const open = async (headers?: readonly string[]): Promise<RawSocket> => {
    const raw = await RawSocket.open(cluster.node().port, '/v1/ws', headers);
    sockets.push(raw);
    return raw;
  };
  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: 1,
      env: {
        AUTH_TIMEOUT_MS: '20000',
        MAX_UNAUTHENTICATED: '1000',
        PING_INTERVAL_MS: '1000',
        // Sockets spoken by hand do not answer.
        PING_TIMEOUT_MS: '60000',
        IDLE_AWAY_MS: '0',
      },
    });
  });
  afterEach(() => {
    for (const { socket } of sockets.splice(0)) socket.destroy();
    cluster.disconnectAll();
  });
  afterAll(() => cluster?.stop());

  it('of a stranger is closed with 1009 beyond 64 fragments, however small', async () => {
    const raw = await open();
    const piece = frame(MORE, ' ');
    raw.socket.write(Buffer.concat([frame(FIRST, '{'), ...Array.from({ length: 200 }, () => piece)]));
    expect(await raw.closed()).toEqual({ code: 1009, reason: 'a message in too many fragments' });
  });

  it('of somebody signed in is closed alike', async () => {
    const token = await cluster.token('ann');
    const raw = await open([`Authorization: Bearer ${token}`]);
    const piece = frame(MORE, ' ');
    raw.socket.write(Buffer.concat([frame(FIRST, '{'), ...Array.from({ length: 200 }, () => piece)]));
    expect(await raw.closed()).toEqual({ code: 1009, reason: 'a message in too many fragments' });
  });

  it('in a few fragments is a message like any other', async () => {
    const bystander = await cluster.connect('ben');
    await bystander.watch({ users: ['cay'] });
    const token = await cluster.token('cay');
    const raw = await open([`Authorization: Bearer ${token}`]);
    await bystander.sees('cay', 'online');
    raw.socket.write(frame(FIRST, '{"type":"status",'));
    raw.socket.write(frame(MORE, '"status":'));
    raw.socket.write(frame(LAST, '"busy"}'));
    await bystander.sees('cay', 'busy');
  });

  it('that is never finished is closed with 1009 after an interval of pings, while the socket lives', async () => {
    const token = await cluster.token('dot');
    const raw = await open([`Authorization: Bearer ${token}`]);
    raw.socket.write(frame(FIRST, '{"type":'));
    // It answers pings all the time: a pong may come between fragments.
    const pong = setInterval(() => raw.socket.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0])), 200);
    try {
      expect(await raw.closed(10_000)).toEqual({
        code: 1009,
        reason: 'a message was not finished in time',
      });
    } finally {
      clearInterval(pong);
    }
  });

  it('too large is closed with 1009 and a reason', async () => {
    const client = await cluster.connect('eve');
    client.sendRaw(JSON.stringify({ type: 'ping', ref: 'x'.repeat(20_000) }));
    expect(await client.end()).toBe(1009);
    expect(client.closed?.reason).toBe('a frame larger than MAX_FRAME_BYTES');
  });

  it('of 200 sockets costs a node less than 80 MB, and a bystander nothing', async () => {
    const bystander = await cluster.connect('fay');
    const before = await cluster.node().metric('process_resident_memory_bytes');
    const crowd: RawSocket[] = [];
    for (let user = 0; user < 5; user += 1) {
      const token = await cluster.token(`user-${user}`);
      for (let n = 0; n < 40; n += 1) crowd.push(await open([`Authorization: Bearer ${token}`]));
    }
    // As much as one message may hold, in as many pieces as its sender likes.
    const message = Buffer.concat([
      frame(FIRST, '{'),
      ...Array.from({ length: 15_000 }, () => frame(MORE, ' ')),
    ]);
    for (const { socket } of crowd) socket.write(message);
    await Promise.all(crowd.map(({ written }) => written()));
    bystander.send({ type: 'ping' });
    await bystander.until(() => bystander.first('pong'), { what: 'a pong' });
    expect((await cluster.node().metric('process_resident_memory_bytes')) - before).toBeLessThan(80e6);
    for (const end of await Promise.all(crowd.map((raw) => raw.closed())))
      expect(end).toMatchObject({ code: 1009 });
  });
});
