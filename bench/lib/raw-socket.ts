import { connect, type Socket } from 'node:net';

export interface RawSocketOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  /** Source address: each has its own 28,000 or so ports towards one destination. */
  readonly localAddress?: string;
  /** Called with each text frame; the buffer is only valid during the call. */
  readonly onText: (text: Buffer) => void;
  /** The connection ended; `why` is the HTTP answer, the close code or the error of the socket. */
  readonly onEnd: (why: string) => void;
}

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const HEADER_END = Buffer.from('\r\n\r\n');
const NO_MASK = Buffer.alloc(4);

/**
 * The least a WebSocket client can be: a benchmark shares two cores with what it measures, and a full client costs more
 * than the server. No extensions, no fragments, no checks of what the server is trusted to do.
 */
export class RawSocket {
  readonly #socket: Socket;
  readonly #options: RawSocketOptions;
  #upgraded = false;
  #rest: Buffer | undefined;
  #why = 'closed without a word';

  constructor(options: RawSocketOptions) {
    this.#options = options;
    const { host, port, localAddress, token } = options;
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      ...(localAddress !== undefined && { localAddress }),
    });
    this.#socket.write(
      `GET /v1/ws HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.#socket.on('error', (error) => {
      this.#why = error.message;
    });
    this.#socket.once('close', () => options.onEnd(this.#why));
  }

  send(text: string): void {
    this.#write(TEXT, Buffer.from(text));
  }

  /** Pulls the plug. */
  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let data = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    if (!this.#upgraded) {
      const end = data.indexOf(HEADER_END);
      if (end < 0) {
        this.#rest = data;
        return;
      }
      if (!data.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) {
        this.#why = data.subarray(0, data.indexOf('\r\n')).toString();
        this.#socket.destroy();
        return;
      }
      this.#upgraded = true;
      data = data.subarray(end + HEADER_END.length);
    }
    let at = 0;
    for (;;) {
      const next = this.#frame(data, at);
      if (next === undefined) break;
      at = next;
    }
    if (at < data.length) this.#rest = Buffer.from(data.subarray(at));
  }

  /** Handles the frame that begins at a place; returns where the next begins, or `undefined` when it is not all there. */
  #frame(data: Buffer, at: number): number | undefined {
    if (data.length - at < 2) return undefined;
    const opcode = (data[at] ?? 0) & 0x0f;
    let length = (data[at + 1] ?? 0) & 0x7f;
    let start = at + 2;
    if (length === 126) {
      if (data.length - at < 4) return undefined;
      length = data.readUInt16BE(start);
      start += 2;
    } else if (length === 127) {
      if (data.length - at < 10) return undefined;
      length = Number(data.readBigUInt64BE(start));
      start += 8;
    }
    const end = start + length;
    if (data.length < end) return undefined;
    if (opcode === TEXT) this.#options.onText(data.subarray(start, end));
    else if (opcode === PING) this.#write(PONG, data.subarray(start, end));
    else if (opcode === CLOSE) {
      if (length >= 2) this.#why = `close code ${data.readUInt16BE(start)}`;
      this.#write(CLOSE, data.subarray(start, end));
      this.#socket.end();
    }
    return end;
  }

  /** Client frames must be masked; a mask of zeros leaves the payload as it is. */
  #write(opcode: number, payload: Buffer): void {
    if (!this.#socket.writable) return;
    const header =
      payload.length < 126
        ? Buffer.from([0x80 | opcode, 0x80 | payload.length])
        : Buffer.from([0x80 | opcode, 0x80 | 126, payload.length >> 8, payload.length & 0xff]);
    this.#socket.write(Buffer.concat([header, NO_MASK, payload]));
  }
}
