import { ChannelConnection } from './channel-connection.ts';
import type { ChannelPlaces } from './channel-places.ts';
import { connectTimeout, type LinkOptions, retryDelay } from './client.ts';

export interface SubscriberOptions {
  readonly channels: readonly string[];
  readonly onMessage: (channel: string, message: string) => void;
  /** These channels are now subscribed, for the first time or again: earlier messages may be missing. */
  readonly onSubscribed: (channels: readonly string[]) => void;
}

/**
 * Listens to sharded channels wherever they are: one connection, or in a Cluster one to each master that has any. It
 * follows them when their slots move, and replaces connections that were lost or went silent.
 */
export class Subscriber {
  readonly #link: LinkOptions;
  readonly #places: ChannelPlaces;
  readonly #options: SubscriberOptions;
  readonly #connections = new Map<string, ChannelConnection>();
  /** The place where each channel is subscribed. */
  readonly #heardAt = new Map<string, string>();
  #stopped = true;
  #retry: NodeJS.Timeout | undefined;
  #attempt = 0;

  constructor(link: LinkOptions, places: ChannelPlaces, options: SubscriberOptions) {
    this.#link = link;
    this.#places = places;
    this.#options = options;
  }

  /** Every channel is subscribed. */
  get connected(): boolean {
    return this.#heardAt.size === this.#options.channels.length;
  }

  /** Resolves after the first attempt; continues to try in the background when that failed. */
  async start(): Promise<void> {
    if (!this.#stopped) return;
    this.#stopped = false;
    await this.#arrange();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    for (const place of [...this.#connections.keys()]) this.#drop(place);
  }

  /** Replaces the connections of these channels, from which nothing is expected any more. */
  replace(channels: readonly string[]): void {
    // A connection that is still opening has its own deadline. If every heartbeat replaced it, a slow one would never
    // open.
    const places = new Set(channels.map((channel) => this.#heardAt.get(channel)));
    for (const place of places) {
      if (place !== undefined) this.#lost(place, 'behind');
    }
  }

  /** Subscribes every channel at its current place. */
  async #arrange(): Promise<void> {
    try {
      const places = await this.#places.find(this.#options.channels);
      if (this.#stopped) return;
      for (const place of [...this.#connections.keys()]) if (!places.has(place)) this.#drop(place);
      await Promise.all([...places].map(([place, channels]) => this.#listen(place, channels)));
    } catch (err) {
      this.#link.logger.debug({ err }, 'cannot find the channels');
      this.#later();
    }
  }

  async #listen(place: string, channels: readonly string[]): Promise<void> {
    const connection = this.#connections.get(place) ?? this.#open(place);
    const heard = await connection.listen(channels);
    if (connection !== this.#connections.get(place) || heard.length === 0) return;
    for (const channel of heard) this.#heardAt.set(channel, place);
    if (this.connected) this.#attempt = 0;
    this.#options.onSubscribed(heard);
  }

  #open(place: string): ChannelConnection {
    const connection: ChannelConnection = new ChannelConnection({
      client: this.#places.open(place),
      withinMs: 2 * connectTimeout(this.#link),
      onMessage: this.#options.onMessage,
      onMoved: (channels) => {
        if (this.#connections.get(place) !== connection) return;
        this.#forget(place, channels);
        this.#later();
      },
      onLost: (err) => {
        if (this.#connections.get(place) === connection) this.#lost(place, err);
      },
    });
    this.#connections.set(place, connection);
    return connection;
  }

  #lost(place: string, reason: unknown): void {
    this.#link.logger.debug({ place, reason }, 'lost a subscription');
    this.#drop(place);
    this.#later();
  }

  #drop(place: string): void {
    const connection = this.#connections.get(place);
    this.#connections.delete(place);
    this.#forget(place, this.#options.channels);
    connection?.close();
  }

  #forget(place: string, channels: readonly string[]): void {
    for (const channel of channels) if (this.#heardAt.get(channel) === place) this.#heardAt.delete(channel);
  }

  #later(): void {
    if (this.#stopped || this.#retry !== undefined) return;
    const wait = retryDelay(this.#attempt, this.#link.random);
    this.#attempt += 1;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (!this.#stopped) void this.#arrange();
    }, wait);
  }
}
