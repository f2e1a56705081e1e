import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { decodeWatermark } from '../../src/events/watermark.ts';
import { until } from './until.ts';

/** One event as the stream told it. */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
  /** The newest `id` when it came. */
  readonly id: string;
}

/** The `data` of an event: a CloudEvent. */
export interface CloudEvent {
  readonly specversion: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly id: string;
  readonly time: string;
  readonly datacontenttype: string;
  readonly data: {
    readonly tenant: string;
    readonly user: string;
    readonly ver: number;
    readonly status?: string;
    readonly [more: string]: unknown;
  };
}

export interface EventClientOptions {
  readonly token?: string;
  readonly headers?: Record<string, string>;
}

/** A reader of server-sent events, parsed as the WHATWG has it. */
export class EventClient {
  readonly events: SseEvent[] = [];
  readonly comments: string[] = [];
  /** Every `id`, in the order in which they came. */
  readonly ids: string[] = [];
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  retryMs: number | undefined;
  /** How the stream ended: by the server, or broken off. */
  ended: 'end' | 'error' | undefined;
  readonly #request: ClientRequest;
  readonly #response: IncomingMessage;
  #text = '';
  #event = '';
  #data: string[] = [];

  private constructor(sent: ClientRequest, response: IncomingMessage) {
    this.#request = sent;
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.#read(chunk));
    response.once('end', () => {
      this.ended ??= 'end';
    });
    response.once('error', () => {
      this.ended ??= 'error';
    });
  }

  static async open(url: string, { token, headers = {} }: EventClientOptions = {}): Promise<EventClient> {
    return new Promise((resolve, reject) => {
      const sent = request(url, {
        headers: {
          accept: 'text/event-stream',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        agent: false,
      });
      sent.once('response', (response) => {
        sent.off('error', reject);
        sent.on('error', () => undefined);
        resolve(new EventClient(sent, response));
      });
      sent.once('error', reject);
      sent.end();
    });
  }

  get lastId(): string | undefined {
    return this.ids.at(-1);
  }

  /** Stops reading, so that the server's writes pile up. */
  pause(): void {
    this.#response.pause();
    this.#response.socket.pause();
  }

  resume(): void {
    this.#response.socket.resume();
    this.#response.resume();
  }

  close(): void {
    this.#request.destroy();
  }

  /** Events of one name. */
  of(event: string): SseEvent[] {
    return this.events.filter((each) => each.event === event);
  }

  get cloudEvents(): CloudEvent[] {
    return this.of('transition').map(({ data }) => JSON.parse(data) as CloudEvent);
  }

  /** `user status`, or `user forgotten`, of every event. */
  get story(): string[] {
    return this.cloudEvents.map(({ data }) => `${data.user} ${data.status ?? 'forgotten'}`);
  }

  async sees(story: string, timeoutMs?: number): Promise<void> {
    await until(() => this.story.includes(story), {
      what: `${story} after ${this.story.slice(-5).join(', ')}`,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  }

  async until(check: () => boolean, what: string): Promise<void> {
    await until(check, { what: `${what} after ${this.story.slice(-5).join(', ')}` });
  }

  /** Waits for an `id` that covers every transition so far. */
  async mark(): Promise<string> {
    const newest = Math.max(0, ...this.cloudEvents.map(({ data }) => data.ver));
    return until(
      () => {
        const { lastId } = this;
        return lastId !== undefined && decodeWatermark(lastId).clock >= newest ? lastId : undefined;
      },
      { what: 'an id that covers what came' },
    );
  }

  /** The body of an answer that is not a stream. */
  async problem(): Promise<{ status: number; code: string }> {
    await until(() => this.ended, { what: 'the end of the answer' });
    return JSON.parse(this.#text) as { status: number; code: string };
  }

  #read(chunk: string): void {
    this.#text += chunk;
    if (!String(this.headers['content-type']).startsWith('text/event-stream')) return;
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === '') {
      if (this.#data.length > 0)
        this.events.push({
          event: this.#event || 'message',
          data: this.#data.join('\n'),
          id: this.lastId ?? '',
        });
      this.#event = '';
      this.#data = [];
      return;
    }
    if (line.startsWith(':')) {
      this.comments.push(line.slice(1));
      return;
    }
    const [, field, value = ''] = /^([^:]+)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id') this.ids.push(value);
    else if (field === 'retry') this.retryMs = Number(value);
    else throw new Error(`not a line of an event stream: ${line}`);
  }
}
