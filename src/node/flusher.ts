import type { Logger } from 'pino';
import type { Metrics } from '../observability/metrics.ts';
import { type ApplyReply, MAX_BATCH, type PresenceStore, type SelfView } from '../store/presence-store.ts';
import type { Waiter } from './deadline-queue.ts';
import type { Holding } from './holding.ts';
import type { PartitionState } from './partition-state.ts';

export interface FlusherOptions {
  readonly store: PresenceStore;
  readonly partitions: readonly PartitionState[];
  readonly nodeId: string;
  readonly ttlMs: number;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** A user was stored; `self` when the store knows something this node did not. */
  readonly onStored: (holding: Holding, self: SelfView | undefined, tookOver: boolean) => void;
  /** The partition refuses this node's writes: a beat has to find out more, at once. */
  readonly onRefused: (state: PartitionState, why: 'fenced' | 'lost') => void;
}

/**
 * Calls a partition may make at once, and how long one takes to come back, ms. A quiet node writes every change at
 * once; in a storm of connects each call gathers what came in between, so that calls stay bounded (5 a second and
 * partition) however fast clients come.
 */
const BURST = 3;
const PACE_MS = 200;
/** A full enough batch is worth a call at any pace. */
const FULL = 128;
/** Pause before trying again when the store did not answer, ms. */
const RETRY_MS = 100;

interface Lane {
  readonly state: PartitionState;
  readonly dirty: Map<string, Holding>;
  /** Somebody waits to see this: a status, a goodbye, an activity. */
  urgent: boolean;
  /** The batch under way. */
  flying: ReadonlySet<Holding> | undefined;
  oldestAt: number;
  flyingSince: number;
  tokens: number;
  refilledAt: number;
  scheduled: NodeJS.Immediate | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Brings the store to match the roster: one batch in flight a partition while the next one gathers (group commit). */
export class Flusher {
  readonly #options: FlusherOptions;
  readonly #lanes: readonly Lane[];
  #stopped = false;

  constructor(options: FlusherOptions) {
    this.#options = options;
    this.#lanes = options.partitions.map((state) => ({
      state,
      dirty: new Map(),
      urgent: false,
      flying: undefined,
      oldestAt: -1,
      flyingSince: -1,
      tokens: BURST,
      refilledAt: options.now(),
      scheduled: undefined,
      timer: undefined,
    }));
  }

  /** The user's newest state has to be stored. */
  mark(holding: Holding, urgent: boolean): void {
    const lane = this.#lane(holding.partition);
    if (!lane.dirty.has(holding.key)) {
      lane.dirty.set(holding.key, holding);
      this.#options.metrics.dirty.inc();
      if (lane.oldestAt < 0) lane.oldestAt = this.#options.now();
    }
    lane.urgent ||= urgent;
    this.#schedule(lane);
  }

  /** Nothing of this user was ever told, and nothing has to be. */
  unmark(holding: Holding): void {
    const { dirty } = this.#lane(holding.partition);
    if (dirty.delete(holding.key)) this.#options.metrics.dirty.dec();
  }

  /** The user waits to be stored, or is on the way. */
  isPending(holding: Holding): boolean {
    const { dirty, flying } = this.#lane(holding.partition);
    return dirty.has(holding.key) || (flying?.has(holding) ?? false);
  }

  /** Something changed that may let a waiting partition write: a beat was answered. */
  wake(partition: number): void {
    this.#schedule(this.#lane(partition));
  }

  /** Age of the oldest change of a partition that is not stored yet, ms. */
  lag(partition: number): number {
    const { oldestAt, flyingSince } = this.#lane(partition);
    const since = flyingSince >= 0 ? flyingSince : oldestAt;
    return since < 0 ? 0 : this.#options.now() - since;
  }

  /** Nothing waits and nothing is under way. */
  get idle(): boolean {
    return this.#lanes.every((lane) => lane.dirty.size === 0 && !lane.flying);
  }

  stop(): void {
    this.#stopped = true;
    for (const lane of this.#lanes) {
      clearImmediate(lane.scheduled);
      clearTimeout(lane.timer);
    }
  }

  #lane(partition: number): Lane {
    const lane = this.#lanes[partition];
    if (!lane) throw new RangeError(`there is no partition ${partition}`);
    return lane;
  }

  /** After this turn of the loop, so that what arrives together goes together. */
  #schedule(lane: Lane): void {
    if (this.#stopped || lane.flying || lane.scheduled) return;
    lane.scheduled = setImmediate(() => {
      lane.scheduled = undefined;
      this.#pump(lane);
    });
  }

  #pump(lane: Lane): void {
    const { now, ttlMs } = this.#options;
    if (this.#stopped || lane.flying || lane.dirty.size === 0) return;
    if (!lane.state.mayWrite(now(), ttlMs)) return;
    const wait = this.#pace(lane);
    if (wait > 0) {
      lane.timer ??= setTimeout(() => {
        lane.timer = undefined;
        this.#pump(lane);
      }, wait);
      return;
    }
    void this.#flush(lane);
  }

  /** How long this partition should gather before its next call, ms. */
  #pace(lane: Lane): number {
    const now = this.#options.now();
    lane.tokens = Math.min(BURST, lane.tokens + (now - lane.refilledAt) / PACE_MS);
    lane.refilledAt = now;
    if (lane.tokens < 1 && !lane.urgent && lane.dirty.size < FULL)
      return Math.ceil((1 - lane.tokens) * PACE_MS);
    lane.tokens = Math.max(0, lane.tokens - 1);
    return 0;
  }

  async #flush(lane: Lane): Promise<void> {
    const { store, nodeId, now, metrics, logger } = this.#options;
    const { state } = lane;
    const batch = this.#take(lane);
    const waiters = batch.map((holding) => holding.waiters);
    for (const holding of batch) {
      holding.waiters = [];
      holding.sent = true;
    }
    lane.flying = new Set(batch);
    state.seq += 1;
    const stop = metrics.flushSeconds.startTimer();
    metrics.flushSize.observe(batch.length);
    const sentAt = now();
    const { epoch, gen = '' } = state;
    let reply: ApplyReply | undefined;
    try {
      reply = await store.apply(state.partition, {
        node: `${nodeId}.${epoch}`,
        gen,
        seen: state.seen,
        base: state.acked,
        seq: state.seq,
        entries: batch.map((holding) => holding.entry(sentAt)),
      });
    } catch (error) {
      logger.warn(
        { err: error, partition: state.partition, users: batch.length },
        'a batch was not answered',
      );
    }
    stop();
    lane.flying = undefined;
    lane.flyingSince = -1;
    metrics.flushes.inc({ result: reply?.result ?? 'unknown' });
    if (reply?.result === 'ok' && epoch === state.epoch && gen === state.gen) {
      state.saw(reply.clock);
      state.acked = state.seq;
      this.#stored(batch, waiters, reply);
      this.#schedule(lane);
      return;
    }
    this.#again(lane, batch, waiters);
    if (reply?.result === 'fenced' || reply?.result === 'lost') this.#options.onRefused(state, reply.result);
    else if (!this.#stopped) lane.timer ??= setTimeout(() => this.#retry(lane), RETRY_MS);
  }

  #retry(lane: Lane): void {
    lane.timer = undefined;
    this.#pump(lane);
  }

  #take(lane: Lane): Holding[] {
    const batch: Holding[] = [];
    for (const [key, holding] of lane.dirty) {
      batch.push(holding);
      lane.dirty.delete(key);
      if (batch.length === MAX_BATCH) break;
    }
    this.#options.metrics.dirty.dec(batch.length);
    lane.flyingSince = lane.oldestAt;
    lane.oldestAt = lane.dirty.size > 0 ? lane.oldestAt : -1;
    lane.urgent = lane.urgent && lane.dirty.size > 0;
    return batch;
  }

  #stored(
    batch: readonly Holding[],
    waiters: readonly Waiter[][],
    reply: ApplyReply & { result: 'ok' },
  ): void {
    const tookOver = new Set(reply.tookOver);
    batch.forEach((holding, position) => {
      this.#options.onStored(holding, reply.selves.get(position), tookOver.has(position));
      const unsafe = reply.replicated === false && holding.claim?.status === 'invisible';
      for (const waiter of waiters[position] ?? []) unsafe ? waiter.expire() : waiter.store();
    });
  }

  /** The batch's fate is unknown or it was refused: its users go again, with what is true by then. */
  #again(lane: Lane, batch: readonly Holding[], waiters: readonly Waiter[][]): void {
    batch.forEach((holding, position) => {
      holding.waiters = [...(waiters[position] ?? []), ...holding.waiters];
      this.mark(holding, lane.urgent);
    });
  }
}
