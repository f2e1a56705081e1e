import type { Principal } from '../auth/principal.ts';
import { CursorLost, type EventFeed, type Replay } from '../events/feed.ts';
import { decodeWatermark } from '../events/watermark.ts';
import type { CutReason } from '../observability/series.ts';
import { type EventFilter, passes } from './event-filter.ts';
import type { Outlet } from './outlet.ts';
import { SSE_COMMENT, SSE_RESET, sseCursor } from './sse.ts';
import { itemOf, type StreamItem } from './stream-item.ts';

export interface ReaderOptions {
  readonly outlet: Outlet;
  readonly feed: Pick<EventFeed, 'partitions' | 'watermark' | 'replay' | 'isSettling'>;
  readonly principal: Principal;
  readonly tenant: string;
  readonly filter: EventFilter;
  /** Unread bytes above which this reader gets nothing newer, but continues from the log at its own pace. */
  readonly maxUnread: number;
  readonly meter: ReaderMeter;
  /**
   * The reader was given that a user entered or left a place: whether it is occupied is due too.
   * @param isRepeated - it was read from the log, so that the reader may have missed that as well.
   */
  readonly moved?: (place: string, isRepeated: boolean) => void;
  /** Ends this reader for a reason on this side; it comes back with its cursor. */
  readonly cut: (reason: CutReason) => void;
}

export interface ReaderMeter {
  sent(): void;
  reset(): void;
  behind(): void;
  encoded(): void;
}

/** Without news, the cursor is sent again after so many calls of `tell`: about 15 s. */
const QUIET_TICKS = 15;

/**
 * One reader of the event stream. It is *live* in a partition when everything the feed delivers goes straight to it.
 * Otherwise it gets the log from its position, at the pace at which it reads, until it has caught up with the feed
 * there. A reader that is slow, or was disconnected for long, therefore costs a bounded buffer and loses no event.
 */
export class EventReader {
  readonly #options: ReaderOptions;
  /** By partition: the newest id given to this reader (µs). */
  readonly #at: Float64Array;
  /** By partition: the newest id that the feed delivered while it was not live. */
  readonly #missed: Float64Array;
  readonly #live: Uint8Array;
  /** Partitions in which it reads the log, the next one first. */
  #reading: number[] = [];
  /** Where the logs are read from, µs; `undefined` until they are open. */
  #from: number | undefined;
  /** Counts the events that invalidate a reading of the logs in progress. */
  #turn = 0;
  #told: string | undefined;
  /** Calls of `tell` since a cursor was sent. */
  #quiet = 0;
  /** The newest id given (µs). */
  #newest = 0;
  /** The oldest entry (µs) given of a place whose turn is still due: since the last look began, and before. */
  #owed = Number.POSITIVE_INFINITY;
  #looked = Number.POSITIVE_INFINITY;
  /** Something was given, lost or read from the log that no cursor covers yet. */
  #hasNews = true;
  /** What it holds may be wrong, and it is sent a reset once the loss is complete. No cursor goes out before that. */
  #resetDue = false;

  constructor(options: ReaderOptions) {
    const { partitions } = options.feed;
    this.#options = options;
    this.#at = new Float64Array(partitions);
    this.#missed = new Float64Array(partitions);
    this.#live = new Uint8Array(partitions).fill(1);
  }

  get principal(): Principal {
    return this.#options.principal;
  }

  get tenant(): string {
    return this.#options.tenant;
  }

  get filter(): EventFilter {
    return this.#options.filter;
  }

  get outlet(): Outlet {
    return this.#options.outlet;
  }

  /** Begins with what follows a cursor. Resolves when it has caught up, stopped reading or was sent a reset. */
  async resume(replay: Replay): Promise<void> {
    this.#leaveLive();
    this.#from = replay.from;
    await this.#catchUp(() => Promise.resolve(replay));
  }

  /** The feed delivered an entry of this tenant. */
  take(partition: number, item: StreamItem): void {
    if (this.#live[partition] === 0) {
      this.#missed[partition] = Math.max(this.#missed[partition] ?? 0, item.id);
      return;
    }
    if (item.id <= (this.#at[partition] ?? 0)) return;
    this.#give(partition, item);
    if (this.outlet.unread > this.#options.maxUnread) this.#fallBehind(partition, item.id);
  }

  /** Whether a place is occupied. It has no position: one that the reader misses is due again with what it reads on from. */
  turn(text: string): void {
    this.#options.meter.sent();
    this.outlet.write(text);
  }

  /** The places that this reader was given something of are counted now. */
  look(): void {
    this.#looked = Math.min(this.#looked, this.#owed);
    this.#owed = Number.POSITIVE_INFINITY;
  }

  /** They were counted, and what that showed was sent: a cursor may be beyond them. */
  lookedAt(): void {
    this.#looked = Number.POSITIVE_INFINITY;
  }

  /**
   * What this reader holds may be wrong: it continues with what follows, and is sent a reset. While the feed still finds
   * out what was lost, that waits for {@link settled}, so that one loss is one reset.
   */
  reset(): void {
    this.#turn += 1;
    this.#reading = [];
    this.#live.fill(1);
    this.#at.fill(0);
    this.#missed.fill(0);
    this.#newest = 0;
    this.#owed = Number.POSITIVE_INFINITY;
    this.#looked = Number.POSITIVE_INFINITY;
    this.#hasNews = true;
    this.#resetDue = true;
    if (!this.#options.feed.isSettling) this.settled();
  }

  /** The feed has found everything that a loss took. */
  settled(): void {
    if (!this.#resetDue) return;
    this.#resetDue = false;
    this.#options.meter.reset();
    this.outlet.write(SSE_RESET);
  }

  /**
   * About once a second: sends the position up to which this reader has received everything. A reader to which nothing
   * was given gets it every 15 s: how far the clock of the partitions has come is no news.
   */
  tell(): void {
    if (this.#resetDue) return;
    if (this.#reading.length > 0 && this.#from === undefined) return;
    const due = Math.min(this.#owed, this.#looked) - 1;
    const watermark = this.#options.feed.watermark(Math.min(this.#reached(), due));
    this.#quiet += 1;
    if (watermark === undefined) return;
    if (this.#quiet < QUIET_TICKS && (!this.#hasNews || watermark === this.#told)) return;
    this.#told = watermark;
    this.#quiet = 0;
    this.#hasNews = this.#reading.length > 0 || decodeWatermark(watermark).clock < this.#newest;
    this.outlet.write(sseCursor(watermark));
  }

  /** Also beside events: a client that waits for it must not depend on what else it is sent. */
  comment(): void {
    this.outlet.write(SSE_COMMENT);
  }

  #give(partition: number, item: StreamItem, isRepeated = false): void {
    this.#at[partition] = item.id;
    if (!passes(this.#options.filter, item)) return;
    this.#newest = Math.max(this.#newest, item.id);
    this.#hasNews = true;
    this.#options.meter.sent();
    this.outlet.write(item.text);
    if (item.place === undefined || item.place.change === 'changed') return;
    this.#owed = Math.min(this.#owed, item.id);
    this.#options.moved?.(item.place.place, isRepeated);
  }

  /** How far the partitions that are read from the log have come; those that are live are where the feed is. */
  #reached(): number {
    return this.#reading.reduce(
      (least, partition) => Math.min(least, this.#position(partition)),
      Number.POSITIVE_INFINITY,
    );
  }

  #position(partition: number): number {
    return Math.max(this.#at[partition] ?? 0, this.#from ?? 0);
  }

  #leaveLive(): void {
    // A reading that only waits to see that it is done must not continue with the one started here.
    this.#turn += 1;
    this.#from = undefined;
    this.#hasNews = true;
    this.#live.fill(0);
    this.#missed.fill(0);
    this.#reading = [...this.#live.keys()];
  }

  #fallBehind(partition: number, id: number): void {
    if (this.#reading.length > 0) {
      // It is reading the other logs as it is: this one joins them.
      this.#live[partition] = 0;
      this.#missed[partition] = id;
      this.#reading.push(partition);
      return;
    }
    const { feed, meter, outlet } = this.#options;
    meter.behind();
    const from = feed.watermark(id);
    this.#leaveLive();
    void this.#catchUp(async () =>
      (await outlet.room()) && from !== undefined
        ? feed.replay(from, this.filter.places !== undefined)
        : undefined,
    );
  }

  async #catchUp(open: () => Promise<Replay | undefined>): Promise<void> {
    const turn = this.#turn;
    try {
      const replay = await open();
      if (turn !== this.#turn || this.outlet.closed) return;
      if (replay === undefined) throw new CursorLost();
      this.#from = replay.from;
      await this.#read(replay, turn);
    } catch (error) {
      if (turn !== this.#turn || this.outlet.closed) return;
      if (error instanceof CursorLost) this.reset();
      // It comes back with its cursor, when the log can be read again.
      else this.#options.cut('unavailable');
    }
  }

  /** A page of each log in turn, so that all come forward together and with them the watermark. */
  async #read(replay: Replay, turn: number): Promise<void> {
    for (let partition = this.#reading[0]; partition !== undefined; partition = this.#reading[0]) {
      const { entries, upTo, end } = await replay.entries(partition, this.#position(partition));
      if (turn !== this.#turn) return;
      for (const entry of entries) {
        const item = itemOf(entry, this.#options.meter.encoded);
        if (item?.tenant === this.tenant && item.id > (this.#at[partition] ?? 0))
          this.#give(partition, item, true);
      }
      this.#at[partition] = Math.max(this.#at[partition] ?? 0, upTo);
      this.#reading.shift();
      // The feed may be ahead of what was read: live is who has had all that went by.
      if (end && (this.#missed[partition] ?? 0) <= upTo) this.#live[partition] = 1;
      else this.#reading.push(partition);
      if (!(await this.outlet.room()) || turn !== this.#turn) return;
    }
  }
}
