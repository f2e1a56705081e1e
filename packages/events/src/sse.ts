/** One block of a stream of server-sent events: what stands between two blank lines. */
export interface SseBlock {
  /** `message` where the block names none. */
  readonly event: string;
  /** Absent where the block has no data: then it is no event, and only `id` and `retry` count. */
  readonly data?: string;
  /** Where the block has one, also without data. Everything in front of the block was sent before it. */
  readonly id?: string;
  /** Milliseconds to wait before reconnecting. */
  readonly retry?: number;
}

/** A line or a block was larger than a reader can be asked to hold. */
export class SseOverflow extends Error {
  override readonly name = 'SseOverflow';
}

/** Bytes of text that one block may have. An event of Rollcall has less than 20 KiB. */
const MAX_BLOCK = 1024 * 1024;

const LINE_END = /\r\n|\r|\n/g;

/**
 * Parses server-sent events by the WHATWG's rules from chunks that may end anywhere, also inside a character or between
 * CR and LF. Unlike an `EventSource` it reports the `id` of blocks without data, in its place among the events.
 */
export class SseParser {
  readonly #decoder = new TextDecoder();
  /** The unfinished line, in pieces: joined once, so that a long line costs its length and not its square. */
  #pieces: string[] = [];
  #size = 0;
  /** The last chunk ended with CR: an LF at the start of the next one belongs to that line end. */
  #afterCr = false;
  #event = '';
  #data: string[] = [];
  #id: string | undefined;
  #retry: number | undefined;

  /** @returns the blocks that this chunk completes. @throws SseOverflow for a block of more than 1 MiB. */
  push(chunk: Uint8Array): SseBlock[] {
    let text = this.#decoder.decode(chunk, { stream: true });
    if (text === '') return [];
    if (this.#afterCr && text.startsWith('\n')) text = text.slice(1);
    this.#afterCr = text.endsWith('\r');
    const blocks: SseBlock[] = [];
    let from = 0;
    for (const { index, 0: end } of text.matchAll(LINE_END)) {
      this.#keep(text.slice(from, index));
      from = index + end.length;
      const line = this.#pieces.length === 1 ? (this.#pieces[0] ?? '') : this.#pieces.join('');
      this.#pieces = [];
      if (line !== '') this.#field(line);
      else this.#finish(blocks);
    }
    if (from < text.length) this.#keep(text.slice(from));
    return blocks;
  }

  #keep(piece: string): void {
    this.#size += piece.length;
    if (this.#size > MAX_BLOCK)
      throw new SseOverflow(`a block of the event stream exceeds ${MAX_BLOCK} bytes`);
    this.#pieces.push(piece);
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    // A line that begins with a colon is a comment. It must not count towards the size of a block that never ends.
    if (colon === 0) this.#size -= line.length;
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'event') this.#event = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) this.#retry = Number(value);
  }

  #finish(blocks: SseBlock[]): void {
    const hasData = this.#data.length > 0;
    if (hasData || this.#id !== undefined || this.#retry !== undefined)
      blocks.push({
        event: this.#event || 'message',
        ...(hasData && { data: this.#data.join('\n') }),
        ...(this.#id !== undefined && { id: this.#id }),
        ...(this.#retry !== undefined && { retry: this.#retry }),
      });
    this.#event = '';
    this.#data = [];
    this.#id = undefined;
    this.#retry = undefined;
    this.#size = 0;
  }
}
