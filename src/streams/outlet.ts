import type { ServerResponse } from 'node:http';

/** Where the text of one stream goes. */
export interface Outlet {
  write(text: string): void;
  /** Handed over and not taken by the client's system yet, about, in bytes. */
  readonly unread: number;
  /** What was taken so far, in the same measure. */
  readonly taken: number;
  readonly closed: boolean;
  /** Waits until there is nothing unread to speak of. @returns `false` when the stream has closed. */
  room(): Promise<boolean>;
  /** Ends it once what was written is taken. */
  end(): void;
  /** Ends it now. */
  destroy(): void;
}

/** The body of a response that never ends by itself. What is written in one turn goes out in one write. */
export class ResponseOutlet implements Outlet {
  readonly #response: ServerResponse;
  readonly #roomBytes: number;
  #pending: string[] = [];
  #pendingLength = 0;
  #written = 0;
  #flushing: NodeJS.Immediate | undefined;
  #waiting: (() => void)[] = [];
  #ending = false;

  /**
   * @param roomBytes - unread bytes up to which there is room.
   * @param onClose - called once, whichever side closed it.
   */
  constructor(response: ServerResponse, roomBytes: number, onClose: () => void) {
    this.#response = response;
    this.#roomBytes = roomBytes;
    response.on('drain', () => this.#wake());
    response.on('error', () => response.destroy());
    response.once('close', () => {
      clearImmediate(this.#flushing);
      this.#pending = [];
      this.#wake();
      onClose();
    });
  }

  get closed(): boolean {
    return this.#ending || this.#response.destroyed;
  }

  get unread(): number {
    return this.#pendingLength + this.#response.writableLength;
  }

  get taken(): number {
    return this.#written - this.#response.writableLength;
  }

  write(text: string): void {
    if (this.closed) return;
    this.#pending.push(text);
    this.#pendingLength += text.length;
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  async room(): Promise<boolean> {
    this.#flush();
    while (!this.closed && this.unread > this.#roomBytes) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return !this.closed;
  }

  end(): void {
    if (this.closed) return;
    this.#flush();
    this.#ending = true;
    this.#response.end();
    this.#wake();
  }

  destroy(): void {
    this.#ending = true;
    this.#response.destroy();
    this.#wake();
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#pending.length === 0) return;
    const text = this.#pending.join('');
    this.#pending = [];
    this.#pendingLength = 0;
    if (this.closed) return;
    this.#written += Buffer.byteLength(text);
    this.#response.write(text);
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}
