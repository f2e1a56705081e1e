import { Peer, type Target } from './peer.ts';

export interface RawWebSocketOptions extends Target {
  readonly from?: string | undefined;
  /** None: it says who it is in the first frame, or never. */
  readonly token?: string | undefined;
  readonly onText?: (text: Buffer) => void;
  /** `close 1009`, `status 503`, or `cut` without a word. */
  readonly onEnd?: (how: string) => void;
}

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const HEAD_END = '\r\n\r\n';
const NO_MASK = Buffer.alloc(4);

const headOf = (host: string, token: string | undefined): string =>
  `GET /v1/ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
  `${token === undefined ? '' : `Authorization: Bearer ${token}\r\n`}\r\n`;

/** One frame as a client writes it; the mask of zeros leaves the payload as it is. */
export const frameOf = (opcode: number, payload: Buffer, fin = true): Buffer => {
  const first = (fin ? 0x80 : 0) | opcode;
  let header = Buffer.from([first, 0x80 | payload.length]);
  if (payload.length > 65_535) {
    header = Buffer.from([first, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(payload.length, 6);
  } else if (payload.length >= 126) {
    header = Buffer.from([first, 0x80 | 126, payload.length >> 8, payload.length & 0xff]);
  }
  return Buffer.concat([header, NO_MASK, payload]);
};

const textFrame = (text: string): Buffer => frameOf(TEXT, Buffer.from(text));

/** A WebSocket client that keeps to nothing but the framing, and not always to that. */
export class RawWebSocket {
  readonly peer: Peer;
  readonly opened: Promise<boolean>;
  readonly #options: RawWebSocketOptions;
  #open: (opened: boolean) => void = () => undefined;
  #isOpen = false;
  #rest: Buffer = Buffer.alloc(0);
  #how = 'cut';

  constructor(options: RawWebSocketOptions) {
    this.#options = options;
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    this.peer = new Peer({
      ...options,
      onData: (chunk) => this.#read(chunk),
      onEnd: () => {
        this.#open(false);
        options.onEnd?.(this.#how);
      },
    });
    void this.peer.send(headOf(options.host, options.token));
  }

  get over(): boolean {
    return this.peer.over;
  }

  send(text: string): Promise<void> {
    return this.peer.send(textFrame(text));
  }

  /** Takes nothing any more, so that what it is sent piles up on the other side. */
  stopReading(): void {
    this.peer.socket.pause();
  }

  #read(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#isOpen) {
      const end = data.indexOf(HEAD_END);
      this.#rest = data;
      if (end < 0) return;
      const status = data.subarray(9, 12).toString();
      if (status !== '101') {
        this.#how = `status ${status}`;
        this.peer.socket.destroy();
        return;
      }
      this.#isOpen = true;
      this.#open(true);
      data = data.subarray(end + HEAD_END.length);
    }
    let at = 0;
    for (let next = this.#frame(data, at); next !== undefined; next = this.#frame(data, at)) at = next;
    this.#rest = Buffer.from(data.subarray(at));
  }

  /** Handles the frame at a place. @returns where the next one begins; `undefined` when it is not all there. */
  #frame(data: Buffer, at: number): number | undefined {
    if (data.length - at < 2) return undefined;
    const opcode = (data[at] ?? 0) & 0x0f;
    const short = (data[at + 1] ?? 0) & 0x7f;
    const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
    if (data.length < start) return undefined;
    const length =
      short === 126
        ? data.readUInt16BE(at + 2)
        : short === 127
          ? Number(data.readBigUInt64BE(at + 2))
          : short;
    const payload = data.subarray(start, start + length);
    if (payload.length < length) return undefined;
    if (opcode === TEXT) this.#options.onText?.(payload);
    else if (opcode === PING) void this.peer.send(frameOf(PONG, payload));
    else if (opcode === CLOSE) {
      if (length >= 2) this.#how = `close ${payload.readUInt16BE(0)}`;
      this.peer.socket.end(frameOf(CLOSE, payload.subarray(0, 2)));
    }
    return start + length;
  }
}
