import type { Redis } from 'ioredis';
import { redisErrorCode } from './client.ts';

export interface ChannelConnectionOptions {
  /** Not connected yet. It does not reconnect by itself, because that would hide that it never subscribed again. */
  readonly client: Redis;
  /** How long connecting and subscribing may take, ms: neither has a timeout of its own. */
  readonly withinMs: number;
  readonly onMessage: (channel: string, message: string) => void;
  /** These channels are not, or no longer, at this server: it says so when their slot moves. */
  readonly onMoved: (channels: readonly string[]) => void;
  /** The connection is no longer usable; called once, and not after {@link ChannelConnection.close}. */
  readonly onLost: (error?: Error) => void;
}

/** One connection to one server that listens to sharded channels there, until it is lost. */
export class ChannelConnection {
  readonly #options: ChannelConnectionOptions;
  readonly #asked = new Set<string>();
  #connecting: Promise<void> | undefined;
  #closed = false;

  constructor(options: ChannelConnectionOptions) {
    this.#options = options;
    const { client, onMessage } = options;
    client.on('error', (error: Error) => this.#lose(error));
    for (const event of ['close', 'end']) client.on(event, () => this.#lose());
    client.on('smessage', (channel: string, message: string) => {
      if (!this.#closed) onMessage(channel, message);
    });
    // The message does not name the channel that moved, so all are subscribed again: a no-op for those still here.
    client.on('moved', () => this.#moved([...this.#asked]));
  }

  /**
   * Listens to more channels; those subscribed before are left alone.
   * @returns those that are newly subscribed.
   */
  async listen(channels: readonly string[]): Promise<readonly string[]> {
    const missing = channels.filter((channel) => !this.#asked.has(channel));
    for (const channel of missing) this.#asked.add(channel);
    if (missing.length === 0) return [];
    const deadline = setTimeout(
      () => this.#lose(new Error('subscribing took too long')),
      this.#options.withinMs,
    );
    try {
      this.#connecting ??= this.#options.client.connect();
      await this.#connecting;
      const heard = await Promise.all(missing.map((channel) => this.#subscribe(channel)));
      return this.#closed ? [] : missing.filter((_, i) => heard[i]);
    } catch (error) {
      this.#lose(error as Error);
      return [];
    } finally {
      clearTimeout(deadline);
    }
  }

  close(): void {
    this.#closed = true;
    this.#options.client.disconnect();
  }

  async #subscribe(channel: string): Promise<boolean> {
    try {
      await this.#options.client.ssubscribe(channel);
      return this.#asked.has(channel);
    } catch (error) {
      if (redisErrorCode(error) !== 'MOVED') throw error;
      this.#moved([channel]);
      return false;
    }
  }

  #moved(channels: readonly string[]): void {
    for (const channel of channels) this.#asked.delete(channel);
    if (!this.#closed && channels.length > 0) this.#options.onMoved(channels);
  }

  #lose(error?: Error): void {
    if (this.#closed) return;
    this.close();
    this.#options.onLost(error);
  }
}
