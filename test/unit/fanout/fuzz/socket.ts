import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/** A WebSocket in memory, and the TCP socket under it. While it is stalled its peer takes nothing. */
export class FakeSocket extends EventEmitter {
  readonly under: FakeUnder;
  readonly #sent: (frame: string) => void;
  #inbox: string[] = [];
  #stalled = false;
  readyState = 1;
  bufferedAmount = 0;
  isPaused = false;

  constructor(sent: (frame: string) => void) {
    super();
    this.#sent = sent;
    this.under = new FakeUnder();
  }

  /** The peer sends a frame. */
  say(frame: object): void {
    this.#inbox.push(JSON.stringify(frame));
    this.#hear();
  }

  stall(): void {
    this.#stalled = true;
  }

  /** The peer reads again. */
  read(): void {
    this.#stalled = false;
    this.bufferedAmount = 0;
    for (const taken of this.under.waiting.splice(0)) taken();
  }

  /** The peer reads what was sent so far, and stalls again where it did. */
  sip(): void {
    this.bufferedAmount = 0;
    for (const taken of this.under.waiting.splice(0)) taken();
  }

  /** The link breaks. */
  lose(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit('close', 1006);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.#hear();
  }

  send(frame: string | Buffer): void {
    if (this.#stalled) this.bufferedAmount += frame.length;
    this.#sent(frame.toString());
  }

  close(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit('close', code);
  }

  terminate(): void {
    this.lose();
  }

  ping(): void {}
  pong(): void {}

  get asWebSocket(): WebSocket {
    return this as unknown as WebSocket;
  }

  get asSocket(): Socket {
    return this.under as unknown as Socket;
  }

  #hear(): void {
    while (!this.isPaused && this.readyState === 1) {
      const frame = this.#inbox.shift();
      if (frame === undefined) return;
      this.emit('message', Buffer.from(frame), false);
    }
  }
}

class FakeUnder extends EventEmitter {
  readonly writableNeedDrain = false;
  readonly waiting: (() => void)[] = [];

  write(_nothing: Buffer, taken: () => void): void {
    this.waiting.push(taken);
  }
}
