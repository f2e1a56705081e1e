import type { Redis } from 'ioredis';
import { createSentinelClient, type Host, type LinkOptions, retryDelay } from './client.ts';

const CHANNEL = '+switch-master';

export interface SentinelListener {
  /** Called with the new master for each sentinel's report, one after another. */
  switched(master: Host): void;
  /** The connection to one sentinel failed. */
  failed?(error: Error): void;
}

/**
 * Learns from the sentinels that the master was replaced, because a master that hangs or is cut off closes no
 * connection. An unreachable sentinel is tried again; meanwhile the others suffice.
 */
export class SentinelWatch {
  readonly #link: LinkOptions;
  readonly #listener: SentinelListener;
  readonly #clients = new Map<Host, Redis>();
  readonly #retries = new Map<Host, NodeJS.Timeout>();
  #stopped = true;

  constructor(link: LinkOptions, listener: SentinelListener) {
    this.#link = link;
    this.#listener = listener;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    for (const sentinel of this.#link.address.hosts) void this.#listen(sentinel, 0);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#retries.values()) clearTimeout(timer);
    this.#retries.clear();
    for (const client of this.#clients.values()) client.disconnect();
    this.#clients.clear();
  }

  async #listen(sentinel: Host, failures: number): Promise<void> {
    const client = createSentinelClient(this.#link, sentinel);
    this.#clients.set(sentinel, client);
    let attempt = failures;
    client.on('error', (err: Error) => {
      this.#link.logger.debug({ err, sentinel }, 'sentinel');
      this.#listener.failed?.(err);
    });
    client.on('message', (_: string, message: string) => this.#hear(message));
    client.on('end', () => this.#again(sentinel, attempt + 1));
    try {
      await client.connect();
      await client.subscribe(CHANNEL);
      attempt = 0;
    } catch {
      client.disconnect();
    }
  }

  /** The name of the master, its old address and its new one. */
  #hear(message: string): void {
    const [name, , , host, port] = message.split(' ');
    if (name !== this.#link.address.master || host === undefined) return;
    this.#listener.switched({ host, port: Number(port) });
  }

  #again(sentinel: Host, attempt: number): void {
    if (this.#stopped) return;
    const timer = setTimeout(
      () => {
        if (!this.#stopped) void this.#listen(sentinel, attempt);
      },
      retryDelay(attempt, this.#link.random),
    );
    this.#retries.set(sentinel, timer);
  }
}
