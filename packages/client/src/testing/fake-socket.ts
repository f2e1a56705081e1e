import type { WebSocketLike } from '../types.ts';

/** What the fake service sees of a connection. */
export interface ServerEnd {
  /** Frames of the client. */
  received(text: string): void;
  /** The client has closed, or the connection is lost. */
  closed(): void;
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

type Handler = ((event: never) => void) | null;

/** A WebSocket whose other end is in the same process. Like a real one it never calls from within a call. */
export class FakeSocket implements WebSocketLike {
  readyState: number = CONNECTING;
  onopen: Handler = null;
  onmessage: Handler = null;
  onclose: Handler = null;
  onerror: Handler = null;
  readonly #server: ServerEnd;

  constructor(connect: (socket: FakeSocket) => ServerEnd) {
    this.#server = connect(this);
    queueMicrotask(() => {
      if (this.readyState !== CONNECTING) return;
      this.readyState = OPEN;
      this.#call(this.onopen, {});
    });
  }

  #call(handler: Handler, event: object): void {
    (handler as ((event: object) => void) | null)?.(event);
  }

  send(text: string): void {
    queueMicrotask(() => {
      if (this.readyState === OPEN) this.#server.received(text);
    });
  }

  close(): void {
    this.end(1000, '');
  }

  /** The service sends a frame. */
  deliver(frame: object): void {
    const data = JSON.stringify(frame);
    queueMicrotask(() => {
      if (this.readyState === OPEN) this.#call(this.onmessage, { data });
    });
  }

  /** The connection ends, with a code or (1006) without. */
  end(code: number, reason: string): void {
    if (this.readyState === CLOSED) return;
    queueMicrotask(() => {
      if (this.readyState === CLOSED) return;
      this.readyState = CLOSED;
      this.#server.closed();
      this.#call(this.onclose, { code, reason });
    });
  }
}
