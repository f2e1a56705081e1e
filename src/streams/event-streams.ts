import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLOCK_SKEW_MS } from '../auth/claims.ts';
import { issuedBy, ownerOf, type Principal } from '../auth/principal.ts';
import { refusesToken } from '../domain/ending.ts';
import { ownerKey } from '../domain/model.ts';
import type {
  Command,
  EventFeed,
  LoggedPlace,
  LoggedTransition,
  LogPosition,
  Replay,
} from '../events/feed.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { CutReason } from '../observability/series.ts';
import { turnEvent } from '../protocol/place-event.ts';
import type { Places } from '../store/port/places.ts';
import type { Capacity } from '../time/capacity.ts';
import type { Clock } from '../time/clock.ts';
import type { EventFilter } from './event-filter.ts';
import { EventReader } from './event-reader.ts';
import { Occupancy } from './occupancy.ts';
import { ResponseOutlet } from './outlet.ts';
import { sseEvent, sseRetry } from './sse.ts';
import { itemOf, placeItem, type StreamItem, transitionItem } from './stream-item.ts';
import { type Release, StreamSlots } from './stream-slots.ts';

export interface EventStreamsOptions {
  readonly feed: EventFeed;
  readonly places: Pick<Places, 'counts'>;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: () => number;
  /** Streams that one user, of one tenant, may have on this node. */
  readonly perUser: number;
  /** Counts the streams that are open or about to be. */
  readonly capacity: Capacity;
  /** Whether a token stopped working since it was verified; asked when a stream begins, and about once a second. */
  readonly ended?: (principal: Principal) => boolean;
}

export interface StreamRequest {
  readonly principal: Principal;
  readonly tenant: string;
  readonly filter: EventFilter;
  /** What to begin with. */
  readonly replay?: Replay;
  /** The log no longer reaches back to the given cursor. */
  readonly lost?: boolean;
  /** Releases its slot; called when the stream has ended, for any reason. */
  readonly release: Release;
}

interface Stream {
  readonly reader: EventReader;
  readonly release: Release;
  /** What the client had taken, and since when it took nothing more. */
  taken: number;
  stalledAt: number;
}

const TICK_MS = 1000;
const COMMENT_TICKS = 15;
/** Unread bytes above which a reader reads on from the log, and up to which it is given more of it. */
const MAX_UNREAD = 262_144;
const ROOM = 65_536;
/** A client that takes nothing for so long is gone, or holds a connection and buffers for nothing. */
const STALLED_MS = 60_000;
/** Streams cut together come back apart, ms. */
const RETRY_MS = { least: 1000, spread: 2000 } as const;
const DRAIN_STEP_MS = 25;
const FINISH_MS = 1000;

/** Every open event stream of this node, and the one listener that feeds them. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #streams = new Set<Stream>();
  readonly #byTenant = new Map<string, Set<EventReader>>();
  readonly #onEncode: () => void;
  readonly #slots: StreamSlots;
  readonly #occupancy: Occupancy;
  #leave: (() => void) | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #ticks = 0;
  #draining = false;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
    this.#onEncode = () => options.metrics.eventsEncoded.inc();
    this.#slots = new StreamSlots(options);
    this.#occupancy = new Occupancy({
      places: options.places,
      onTurn: (tenant, place, total) => this.#turn(tenant, place, total),
      onLook: () => {
        for (const { reader } of this.#streams) reader.look();
      },
      onLooked: (isSettled) => {
        if (isSettled) for (const { reader } of this.#streams) reader.lookedAt();
      },
    });
  }

  get draining(): boolean {
    return this.#draining;
  }

  /**
   * Reserves a slot before anything is done for a stream.
   *
   * @throws ProblemError `rate_limited` when the user has too many streams, `unavailable` when the node is full.
   */
  reserve(principal: Principal): Release {
    return this.#slots.take(ownerKey(ownerOf(principal)));
  }

  /**
   * A token stopped working since it was verified: no stream may begin with it, because nothing would end it at once.
   */
  refuses(principal: Principal): boolean {
    return this.#options.ended?.(principal) ?? false;
  }

  /** Takes over a response whose head has been written. */
  open(response: ServerResponse, request: StreamRequest): void {
    const { principal, tenant, filter, replay, lost = false, release } = request;
    const { feed, metrics, clock, random } = this.#options;
    const outlet = new ResponseOutlet(response, ROOM, () => this.#closed(stream));
    const reader: EventReader = new EventReader({
      outlet,
      feed,
      principal,
      tenant,
      filter,
      maxUnread: MAX_UNREAD,
      moved: (place, isRepeated) => this.#occupancy.mark(tenant, place, isRepeated),
      meter: {
        sent: () => metrics.eventsSent.inc(),
        reset: () => metrics.eventResets.inc(),
        behind: () => metrics.eventReadersBehind.inc(),
        encoded: this.#onEncode,
      },
      cut: (reason) => this.#cut(stream, reason),
    });
    const stream: Stream = { reader, release, taken: 0, stalledAt: clock.monotonic() };
    this.#streams.add(stream);
    const ofTenant = this.#byTenant.get(tenant) ?? new Set();
    this.#byTenant.set(tenant, ofTenant.add(reader));
    metrics.eventStreams.set(this.#streams.size);
    this.#listen();
    if (filter.places) this.#occupancy.doubt();
    outlet.write(sseRetry(RETRY_MS.least + random() * RETRY_MS.spread));
    if (lost) reader.reset();
    if (replay) void reader.resume(replay);
    reader.tell();
  }

  /** Ends every stream, one after another over the window, so that they do not all arrive elsewhere at once. */
  async drain(windowMs: number): Promise<void> {
    this.#draining = true;
    const { clock } = this.#options;
    const end = clock.monotonic() + windowMs;
    while (this.#streams.size > 0) {
      const steps = Math.max(1, Math.floor((end - clock.monotonic()) / DRAIN_STEP_MS));
      const some = [...this.#streams].slice(0, Math.ceil(this.#streams.size / steps));
      for (const { reader } of some) reader.outlet.end();
      // One that does not read does not end either: those are for `finish`.
      if (steps === 1) return;
      await sleep(DRAIN_STEP_MS);
    }
  }

  /** Ends what is left, whether it reads or not. */
  async finish(): Promise<void> {
    await this.drain(0);
    const { clock } = this.#options;
    const end = clock.monotonic() + FINISH_MS;
    while (this.#streams.size > 0 && clock.monotonic() < end) await sleep(DRAIN_STEP_MS);
    for (const { reader } of this.#streams) reader.outlet.destroy();
  }

  #listen(): void {
    if (this.#leave) return;
    this.#leave = this.#options.feed.subscribe({
      transition: (event) => this.#transition(event),
      place: (event) => this.#place(event),
      command: (command, position) => this.#command(command, position),
      reset: () => {
        this.#occupancy.doubt();
        for (const { reader } of this.#streams) reader.reset();
      },
      settled: () => {
        for (const { reader } of this.#streams) reader.settled();
      },
    });
    this.#occupancy.start();
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  #closed(stream: Stream): void {
    if (!this.#streams.delete(stream)) return;
    stream.release();
    const { reader } = stream;
    const ofTenant = this.#byTenant.get(reader.tenant);
    ofTenant?.delete(reader);
    if (ofTenant?.size === 0) this.#byTenant.delete(reader.tenant);
    this.#options.metrics.eventStreams.set(this.#streams.size);
    if (this.#streams.size > 0) return;
    this.#leave?.();
    this.#leave = undefined;
    clearInterval(this.#ticker);
    this.#occupancy.stop();
  }

  #cut({ reader }: Stream, reason: CutReason): void {
    this.#options.metrics.eventStreamsCut.inc({ reason });
    if (reason === 'stalled') reader.outlet.destroy();
    else reader.outlet.end();
  }

  #transition({ id, partition, transition }: LoggedTransition): void {
    this.#pass(partition, transitionItem(id, transition, this.#onEncode));
  }

  #place({ id, partition, place }: LoggedPlace): void {
    const readers = this.#byTenant.get(place.tenant);
    if (!readers) return;
    const item = placeItem(id, place, this.#onEncode);
    // Others do not read the log of places either, where they are behind.
    for (const reader of readers) if (reader.filter.places) reader.take(partition, item);
  }

  #turn(tenant: string, place: string, total: number): void {
    const at = Math.floor(this.#options.clock.wall() * 1000);
    let text: string | undefined;
    for (const reader of this.#byTenant.get(tenant) ?? []) {
      if (!reader.filter.places?.has(place)) continue;
      text ??= sseEvent('place', JSON.stringify(turnEvent(tenant, place, total, at)));
      reader.turn(text);
    }
  }

  #command(command: Command, { id, partition }: LogPosition): void {
    const item = itemOf({ id, kind: 'command', command }, this.#onEncode);
    // Who is forgotten leaves no word in the places where they were.
    if (command.type === 'forget' && command.ref.tenant !== undefined)
      this.#occupancy.markOccupied(command.ref.tenant);
    if (item) this.#pass(partition, item);
    else if (command.type === 'revoke')
      this.#revoke(ownerKey(command.ref), Math.floor(command.at / 1_000_000));
    else if (command.type === 'refuse') this.#revoke(ownerKey(command.ref), command.at);
  }

  #revoke(owner: string, at: number): void {
    for (const { reader } of this.#streams) {
      const { principal } = reader;
      if (ownerKey(ownerOf(principal)) === owner && refusesToken(at, issuedBy(principal)))
        reader.outlet.end();
    }
  }

  #pass(partition: number, item: StreamItem): void {
    const readers = this.#byTenant.get(item.tenant);
    if (readers) for (const reader of readers) reader.take(partition, item);
  }

  #tick(): void {
    const { ended, clock } = this.#options;
    this.#ticks += 1;
    for (const stream of this.#streams) {
      const { reader } = stream;
      if (clock.wall() >= reader.principal.exp * 1000 + CLOCK_SKEW_MS || ended?.(reader.principal)) {
        reader.outlet.end();
        continue;
      }
      reader.tell();
      if (this.#ticks % COMMENT_TICKS === 0) reader.comment();
      this.#look(stream, clock.monotonic());
    }
  }

  #look(stream: Stream, now: number): void {
    const { taken, unread } = stream.reader.outlet;
    if (taken !== stream.taken || unread === 0) {
      stream.taken = taken;
      stream.stalledAt = now;
    } else if (now - stream.stalledAt > STALLED_MS) this.#cut(stream, 'stalled');
  }
}
