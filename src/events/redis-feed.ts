import type { Logger } from 'pino';
import type { Metrics } from '../observability/metrics.ts';
import type { Keys } from '../redis/keys.ts';
import type { LinkOptions, RedisLink } from '../redis/link.ts';
import { Subscriber } from '../redis/subscriber.ts';
import type { EventFeed, FeedListener } from './feed.ts';
import { Listeners } from './listeners.ts';
import { decodeMessage } from './log-codec.ts';
import { LogReader } from './log-reader.ts';
import { PartitionFeed } from './partition-feed.ts';

export interface RedisFeedOptions {
  readonly link: RedisLink;
  readonly subscriber: LinkOptions;
  readonly keys: Keys;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** How long the subscriber may be behind what a heartbeat told before it is given up as deaf, ms. */
const BEHIND_MS = 500;

/** The feed over sharded pub/sub, repaired from the logs. */
export class RedisFeed implements EventFeed {
  readonly #options: RedisFeedOptions;
  readonly #listeners = new Listeners();
  readonly #subscriber: Subscriber;
  readonly #partitions: readonly PartitionFeed[];
  readonly #byChannel: ReadonlyMap<string, PartitionFeed>;
  /** Partitions that a heartbeat found behind, and until when they may catch up: oldest first. */
  #behind: { feed: PartitionFeed; last: number }[] = [];
  #check: NodeJS.Timeout | undefined;
  #stopped = true;

  constructor(options: RedisFeedOptions) {
    this.#options = options;
    const reader = new LogReader(options.link);
    this.#partitions = options.keys.partitions.map(
      (keys, partition) =>
        new PartitionFeed({
          partition,
          listeners: this.#listeners,
          metrics: options.metrics,
          logger: options.logger,
          read: (after, onEntries) => reader.read(keys.log, after, onEntries),
        }),
    );
    this.#byChannel = new Map(options.keys.partitions.map((keys, p) => [keys.events, this.#feed(p)]));
    this.#subscriber = new Subscriber(options.subscriber, [...this.#byChannel.keys()], (channel, text) =>
      this.#receive(channel, text),
    );
  }

  get connected(): boolean {
    return this.#subscriber.connected;
  }

  async start(): Promise<void> {
    this.#stopped = false;
    await this.#subscriber.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#check);
    await this.#subscriber.stop();
  }

  subscribe(listener: FeedListener): () => void {
    return this.#listeners.add(listener);
  }

  expect(partition: number, gen: string, last: number): void {
    const feed = this.#feed(partition);
    if (!feed.expect(gen, last) || this.#stopped) return;
    this.#behind.push({ feed, last });
    this.#check ??= setTimeout(() => this.#catchUp(), BEHIND_MS);
  }

  #feed(partition: number): PartitionFeed {
    const feed = this.#partitions[partition];
    if (!feed) throw new RangeError(`there is no partition ${partition}`);
    return feed;
  }

  #receive(channel: string, text: string): void {
    try {
      this.#byChannel.get(channel)?.receive(decodeMessage(text));
    } catch (error) {
      this.#options.logger.error({ err: error, channel }, 'cannot read a message of the feed');
    }
  }

  /** Whatever is still behind reads its log; a link on which nothing came is replaced. */
  #catchUp(): void {
    this.#check = undefined;
    const late = this.#behind.filter(({ feed, last }) => feed.isBehind(last));
    this.#behind = [];
    if (late.length === 0 || this.#stopped) return;
    this.#options.logger.warn(
      { partitions: late.length },
      'the feed is behind: reading the log, subscribing anew',
    );
    for (const { feed } of late) feed.repair();
    this.#subscriber.replace();
  }
}
