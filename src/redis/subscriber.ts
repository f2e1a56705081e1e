import type { Cluster, Redis } from 'ioredis';
import { createClient, type LinkOptions, retryDelay } from './link.ts';

/** A connection that listens to sharded channels, and can be replaced by a fresh one when it has gone deaf. */
export class Subscriber {
  readonly #options: LinkOptions;
  readonly #channels: readonly string[];
  readonly #onMessage: (channel: string, message: string) => void;
  #client: Redis | Cluster | undefined;
  #subscribed = false;
  #stopped = true;
  #retry: NodeJS.Timeout | undefined;
  #attempt = 0;

  constructor(
    options: LinkOptions,
    channels: readonly string[],
    onMessage: (channel: string, message: string) => void,
  ) {
    this.#options = options;
    this.#channels = channels;
    this.#onMessage = onMessage;
  }

  get connected(): boolean {
    return this.#subscribed;
  }

  /** Resolves after the first attempt; goes on trying in the background when that failed. */
  async start(): Promise<void> {
    if (!this.#stopped) return;
    this.#stopped = false;
    await this.#open();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#drop();
  }

  /** Opens a new connection instead of the present one, of which nothing is expected any more. */
  replace(): void {
    if (this.#stopped || this.#retry !== undefined) return;
    this.#again();
  }

  async #open(): Promise<void> {
    // Reconnecting is ours alone: a client that reconnects by itself may hide that it never subscribed again.
    const client = createClient(this.#options, 0, false);
    this.#client = client;
    client.on('error', (error: Error) => this.#options.logger.debug({ err: error }, 'redis subscriber'));
    client.on('close', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('smessage', (channel: string, message: string) => {
      if (client === this.#client) this.#onMessage(channel, message);
    });
    try {
      await client.connect();
      await Promise.all(this.#channels.map((channel) => client.ssubscribe(channel)));
      if (client !== this.#client) return;
      this.#subscribed = true;
      this.#attempt = 0;
    } catch (error) {
      this.#options.logger.debug({ err: error }, 'could not subscribe');
      this.#lost(client);
    }
  }

  #lost(client: Redis | Cluster): void {
    if (client === this.#client) this.#again();
  }

  #again(): void {
    this.#drop();
    if (this.#stopped || this.#retry !== undefined) return;
    const wait = retryDelay(this.#attempt, this.#options.random);
    this.#attempt += 1;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (!this.#stopped) void this.#open();
    }, wait);
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    this.#subscribed = false;
    client?.disconnect();
  }
}
