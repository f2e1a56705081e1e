import type { Cluster, Redis } from 'ioredis';
import { createClient, type LinkOptions, retryDelay } from './link.ts';

export interface SubscriberOptions {
  readonly channels: readonly string[];
  readonly onMessage: (channel: string, message: string) => void;
  /** Every channel is being listened to, for the first time or again: what was published before may be missing. */
  readonly onSubscribed: () => void;
}

/** A connection that listens to sharded channels, and can be replaced by a fresh one when it has gone deaf. */
export class Subscriber {
  readonly #link: LinkOptions;
  readonly #options: SubscriberOptions;
  #client: Redis | Cluster | undefined;
  #subscribed = false;
  #stopped = true;
  #retry: NodeJS.Timeout | undefined;
  /** Ends an attempt that neither succeeds nor fails: subscribing has no timeout of its own. */
  #deadline: NodeJS.Timeout | undefined;
  #attempt = 0;

  constructor(link: LinkOptions, options: SubscriberOptions) {
    this.#link = link;
    this.#options = options;
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
    this.#retry = undefined;
    this.#drop();
  }

  /** Opens a new connection instead of the present one, of which nothing is expected any more. */
  replace(): void {
    // One that is still being opened has a deadline: replaced with every heartbeat, a slow one would never come to be.
    if (this.#subscribed) this.#again();
  }

  async #open(): Promise<void> {
    // Reconnecting is ours alone: a client that reconnects by itself may hide that it never subscribed again.
    const client = createClient(this.#link, 0, false);
    this.#client = client;
    this.#deadline = setTimeout(() => this.#lost(client), 2 * Math.max(this.#link.commandTimeoutMs, 1000));
    client.on('error', (error: Error) => this.#link.logger.debug({ err: error }, 'redis subscriber'));
    client.on('close', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('smessage', (channel: string, message: string) => {
      if (client === this.#client) this.#options.onMessage(channel, message);
    });
    try {
      await client.connect();
      await Promise.all(this.#options.channels.map((channel) => client.ssubscribe(channel)));
    } catch (error) {
      this.#link.logger.debug({ err: error }, 'could not subscribe');
      this.#lost(client);
    }
    if (client !== this.#client) return;
    clearTimeout(this.#deadline);
    this.#subscribed = true;
    this.#attempt = 0;
    this.#options.onSubscribed();
  }

  #lost(client: Redis | Cluster): void {
    if (client === this.#client) this.#again();
  }

  #again(): void {
    this.#drop();
    if (this.#stopped || this.#retry !== undefined) return;
    const wait = retryDelay(this.#attempt, this.#link.random);
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
    clearTimeout(this.#deadline);
    client?.disconnect();
  }
}
