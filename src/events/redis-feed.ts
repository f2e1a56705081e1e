import type { Logger } from 'pino';
import type { Metrics } from '../observability/metrics.ts';
import { channelPlaces } from '../redis/channel-places.ts';
import type { LinkOptions } from '../redis/client.ts';
import type { Keys } from '../redis/keys.ts';
import type { RedisLink } from '../redis/link.ts';
import { Subscriber } from '../redis/subscriber.ts';
import { partitionOf } from '../store/partition.ts';
import { StoreError } from '../store/port/store-error.ts';
import { decodeMessage } from '../store/redis/log-codec.ts';
import type { Clock } from '../time/clock.ts';
import type { EventFeed, FeedListener, Replay, Signal } from './feed.ts';
import { Listeners } from './listeners.ts';
import { LogReader } from './log-reader.ts';
import { LogReplay } from './log-replay.ts';
import { Losses } from './losses.ts';
import { PartitionFeed } from './partition-feed.ts';
import { carrierOf, decodeSignal, encodeSignal, isSignal } from './signal-codec.ts';
import { decodeWatermark, watermarkOf } from './watermark.ts';

export interface RedisFeedOptions {
  readonly link: RedisLink;
  readonly subscriber: LinkOptions;
  readonly keys: Keys;
  readonly heartbeatIntervalMs: number;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** How long the subscriber may be behind a heartbeat's result before its connection is replaced, ms. */
const BEHIND_MS = 500;

/** Heartbeats in which every partition has to report before a loss of data counts as complete. */
const SETTLED_BEATS = 3;

/** A heartbeat's result for a partition, and the deadline for the messages to reach it. */
interface Lag {
  readonly gen: string;
  readonly last: number;
  readonly by: number;
}

/** The feed over sharded pub/sub, repaired from the logs. */
export class RedisFeed implements EventFeed {
  readonly #options: RedisFeedOptions;
  readonly #listeners: Listeners;
  readonly #subscriber: Subscriber;
  readonly #feeds: readonly PartitionFeed[];
  readonly #losses: Losses;
  readonly #byChannel: ReadonlyMap<string, PartitionFeed>;
  /** Partitions that a heartbeat found behind; the first one has to catch up first. */
  readonly #behind = new Map<PartitionFeed, Lag>();
  #check: NodeJS.Timeout | undefined;
  #stopped = true;

  constructor(options: RedisFeedOptions) {
    const { keys, logger, metrics } = options;
    this.#options = options;
    this.#listeners = new Listeners((err) => logger.error({ err }, 'feed listener threw'));
    this.#losses = new Losses({
      partitions: keys.partitions.length,
      waitMs: SETTLED_BEATS * options.heartbeatIntervalMs,
      onSettled: () => this.#listeners.settled(),
    });
    // The first listener: the others find at a reset that the feed is settling.
    this.#listeners.add({ reset: (partition) => this.#losses.found(partition) });
    const reader = new LogReader(options.link);
    this.#feeds = keys.partitions.map(
      (of, partition) =>
        new PartitionFeed({
          partition,
          listeners: this.#listeners,
          metrics,
          logger,
          read: (after, onEntries, isReplaceable) => reader.read(of, after, onEntries, isReplaceable),
        }),
    );
    this.#byChannel = new Map(keys.partitions.map((of, partition) => [of.events, this.#feed(partition)]));
    const places = channelPlaces(options.subscriber, (name, ...args) => options.link.command(name, ...args));
    this.#subscriber = new Subscriber(options.subscriber, places, {
      channels: [...this.#byChannel.keys()],
      onMessage: (channel, text) => this.#receive(channel, text),
      // Entries published while the channel was not subscribed are in the logs.
      onSubscribed: (channels) => {
        for (const channel of channels) this.#byChannel.get(channel)?.repair();
      },
    });
  }

  get partitions(): number {
    return this.#feeds.length;
  }

  get isSettling(): boolean {
    return this.#losses.isOpen;
  }

  /** A Redis that hangs keeps subscriptions open and sends nothing on them: only commands show it. */
  get connected(): boolean {
    return this.#subscriber.connected && this.#options.link.up;
  }

  async start(): Promise<void> {
    this.#stopped = false;
    await this.#subscriber.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#check);
    this.#check = undefined;
    this.#behind.clear();
    this.#losses.stop();
    await this.#subscriber.stop();
  }

  subscribe(listener: FeedListener): () => void {
    return this.#listeners.add(listener);
  }

  expect(partition: number, gen: string, last: number, clock: number): void {
    if (this.#stopped) return;
    const feed = this.#feed(partition);
    // A pending partition keeps its deadline, because under constant traffic it is always behind the newest
    // heartbeat.
    const isBehind = feed.expect(gen, last, clock);
    if (!feed.isRepairing) this.#losses.heard(partition);
    if (!isBehind || this.#behind.has(feed)) return;
    this.#behind.set(feed, { gen, last, by: this.#options.clock.monotonic() + BEHIND_MS });
    this.#check ??= setTimeout(() => this.#catchUp(), BEHIND_MS);
  }

  async signal(signal: Signal): Promise<void> {
    const { keys, link } = this.#options;
    const channel = keys.partitions[partitionOf(carrierOf(signal), keys.partitions.length)]?.events ?? '';
    try {
      await link.command('SPUBLISH', channel, encodeSignal(signal));
    } catch (cause) {
      throw new StoreError('unavailable', 'redis did not take a signal', { cause });
    }
  }

  watermark(atMost?: number): string | undefined {
    return watermarkOf(
      this.#feeds.map((feed) => feed.reached),
      atMost,
    );
  }

  async replay(watermark: string, hasPlaces = false): Promise<Replay | undefined> {
    const { link, keys } = this.#options;
    const logs = keys.partitions.map(({ meta, log, placeLog }) => ({
      ...{ meta, log },
      ...(hasPlaces && { placeLog }),
    }));
    return LogReplay.open(link, logs, decodeWatermark(watermark), (gens) => {
      // This reader learns of a loss before the feed does: both are one loss, and one reset.
      if (gens.some((gen, partition) => this.#feed(partition).reached?.gen !== gen)) this.#losses.suspect();
    });
  }

  #feed(partition: number): PartitionFeed {
    const feed = this.#feeds[partition];
    if (!feed) throw new RangeError(`there is no partition ${partition}`);
    return feed;
  }

  #receive(channel: string, text: string): void {
    if (isSignal(text)) {
      this.#receiveSignal(channel, text);
      return;
    }
    const feed = this.#byChannel.get(channel);
    try {
      feed?.receive(decodeMessage(text));
    } catch (err) {
      this.#options.logger.error(
        { err, channel },
        'dropped an unreadable message of the feed; reading the log',
      );
      feed?.repair();
    }
  }

  #receiveSignal(channel: string, text: string): void {
    try {
      const signal = decodeSignal(text);
      if (signal) this.#listeners.signal(signal);
    } catch (err) {
      this.#options.logger.warn({ err, channel }, 'dropped a signal that cannot be read');
    }
  }

  /** Partitions that are still behind read their logs; a link on which nothing arrived is replaced. */
  #catchUp(): void {
    const now = this.#options.clock.monotonic();
    const late = new Set<PartitionFeed>();
    let wait: number | undefined;
    for (const [feed, { gen, last, by }] of this.#behind) {
      if (by > now) {
        wait = by - now;
        break;
      }
      this.#behind.delete(feed);
      // A partition that is reading its log still receives messages, only later.
      if (feed.isBehind(gen, last) && !feed.isRepairing) late.add(feed);
    }
    this.#check = wait === undefined ? undefined : setTimeout(() => this.#catchUp(), Math.ceil(wait));
    if (late.size === 0) return;
    this.#options.logger.warn(
      { partitions: late.size },
      'the feed is behind: reading the log, subscribing again',
    );
    for (const feed of late) feed.repair();
    const channels = [...this.#byChannel].filter(([, feed]) => late.has(feed));
    this.#subscriber.replace(channels.map(([channel]) => channel));
  }
}
