import { nodeRef } from '../domain/node-ref.ts';
import type { AnyEnding } from '../domain/row.ts';
import type { ApplyReply, PlaceAnswer, Reports } from '../store/port/reports.ts';
import { StoreError } from '../store/port/store-error.ts';
import type { SelfView } from '../store/port/views.ts';
import { Alarm } from '../time/alarm.ts';
import type { NodeContext } from './context.ts';
import type { Holding } from './holding.ts';
import { Lane } from './lane.ts';
import type { PartitionState } from './partition-state.ts';
import type { Waiter } from './waiter.ts';

/** What became of a batch, for each of its users and for its partition. */
export type FlushOutcome =
  /** A user was stored; `self` when the store knows something this node did not. */
  | {
      readonly type: 'stored';
      readonly holding: Holding;
      readonly self: SelfView | undefined;
      readonly tookOver: boolean;
      readonly places: readonly PlaceAnswer[];
    }
  /** All reported connections of a user were counted as none, because they had been ended. */
  | { readonly type: 'ended'; readonly holding: Holding; readonly how: AnyEnding }
  /** A user's report was refused: tokens of reported connections were revoked at that time (s). */
  | { readonly type: 'revoked'; readonly holding: Holding; readonly at: number }
  /** The partition refuses this node's writes: a beat has to find out why at once, and {@link Flusher.wake} follows. */
  | { readonly type: 'refused'; readonly state: PartitionState }
  /** Whether the store takes a partition's writes has changed: {@link Flusher.isStuck}. */
  | { readonly type: 'stuck'; readonly state: PartitionState };

/** A batch that the store refused, or whose outcome is unknown: it is never sent again unchanged. */
interface Untaken {
  readonly result: 'unknown' | 'refused';
}

/**
 * Brings the store to match the roster: one batch in flight per partition while the next one gathers (group commit).
 */
export class Flusher {
  readonly #context: NodeContext;
  readonly #reports: Reports;
  readonly #lanes: readonly Lane[];
  readonly #alarms: readonly Alarm[];
  readonly #listeners: ((outcome: FlushOutcome) => void)[] = [];
  #stopped = false;

  constructor(context: NodeContext, reports: Reports) {
    this.#context = context;
    this.#reports = reports;
    this.#lanes = context.partitions.list.map((state) => new Lane(state));
    this.#alarms = this.#lanes.map((lane) => new Alarm(context.now, () => this.#pump(lane)));
  }

  /** Called for good with everything that the store answers: a batch may land after {@link stop}. */
  onOutcome(listener: (outcome: FlushOutcome) => void): void {
    this.#listeners.push(listener);
  }

  /** The user's newest state has to be stored. */
  mark(holding: Holding): void {
    const { now, metrics } = this.#context;
    const lane = this.#lane(holding.partition);
    const before = lane.size;
    lane.add(holding, now());
    metrics.dirty.inc(lane.size - before);
    this.#alarms[holding.partition]?.soon();
  }

  /** Nothing about this user was ever written, and nothing has to be. */
  unmark(holding: Holding): void {
    const lane = this.#lane(holding.partition);
    const before = lane.size;
    lane.delete(holding);
    this.#context.metrics.dirty.inc(lane.size - before);
  }

  /** The user waits to be stored, or is in a batch in flight. */
  isPending(holding: Holding): boolean {
    return this.#lane(holding.partition).has(holding);
  }

  /** A beat was answered: a partition whose writes were refused or not answered may try again. */
  wake(partition: number): void {
    this.#lane(partition).release();
    this.#alarms[partition]?.soon();
  }

  /** Age of the oldest change of a partition that is not stored yet, ms. */
  lag(partition: number): number {
    return this.#lane(partition).lag(this.#context.now());
  }

  /** The store refuses a partition's writes, although it may answer beats and reads. */
  isStuck(partition: number): boolean {
    return this.#lane(partition).isStuck;
  }

  /** Nothing waits and no batch is in flight. */
  get idle(): boolean {
    return this.#lanes.every((lane) => lane.size === 0 && !lane.isFlying);
  }

  /** The same of one partition. */
  isDone(partition: number): boolean {
    const lane = this.#lane(partition);
    return lane.size === 0 && !lane.isFlying;
  }

  stop(): void {
    this.#stopped = true;
    for (const alarm of this.#alarms) alarm.stop();
  }

  #emit(outcome: FlushOutcome): void {
    for (const listener of this.#listeners) listener(outcome);
  }

  #lane(partition: number): Lane {
    const lane = this.#lanes[partition];
    if (!lane) throw new RangeError(`there is no partition ${partition}`);
    return lane;
  }

  /** Sends the next batch when there is one and it may go; otherwise schedules the next check. */
  #pump(lane: Lane): void {
    const { now, ttlMs } = this.#context;
    if (this.#stopped || lane.isFlying || lane.size === 0) return;
    // Without a lease every batch would be refused; the beat that renews it wakes this lane.
    if (!lane.state.mayWrite(now(), ttlMs)) return;
    const wait = lane.wait(now());
    if (wait === 0) void this.#flush(lane);
    else if (wait < Number.POSITIVE_INFINITY) this.#alarms[lane.state.partition]?.within(wait);
  }

  async #flush(lane: Lane): Promise<void> {
    const { metrics, now } = this.#context;
    const { state } = lane;
    const wasStuck = lane.isStuck;
    const { epoch, gen } = state;
    const batch = lane.take();
    metrics.dirty.dec(batch.length);
    metrics.flushSize.observe(batch.length);
    const waiters = batch.map((holding) => holding.takeWaiters());
    const reply = await this.#send(lane, batch);
    metrics.flushes.inc({ result: reply.result === 'refused' ? 'unknown' : reply.result });
    // A batch stored under a generation or an epoch that has ended meanwhile does not count as stored.
    if (reply.result === 'ok' && epoch === state.epoch && gen === state.gen) {
      lane.landed();
      state.saw(reply.clock);
      state.acked = state.seq;
      this.#stored(state, batch, waiters, reply);
    } else {
      const before = lane.size;
      lane.failed();
      metrics.dirty.inc(lane.size - before);
      batch.forEach((holding, position) => {
        for (const waiter of waiters[position] ?? []) holding.wait(waiter);
      });
      if (reply.result === 'fenced' || reply.result === 'lost') {
        lane.close();
        this.#emit({ type: 'refused', state });
      } else lane.backOff(batch.length, now(), reply.result === 'refused');
    }
    if (lane.isStuck !== wasStuck) this.#emit({ type: 'stuck', state });
    this.#alarms[state.partition]?.soon();
  }

  async #send(lane: Lane, batch: readonly Holding[]): Promise<ApplyReply | Untaken> {
    const { nodeId, now, metrics, logger } = this.#context;
    const { state } = lane;
    state.seq += 1;
    const sentAt = now();
    const stop = metrics.flushSeconds.startTimer();
    try {
      for (const holding of batch) holding.sent = true;
      return await this.#reports.apply(state.partition, {
        node: nodeRef(nodeId, state.epoch),
        gen: state.gen ?? '',
        seen: state.seen,
        base: state.acked,
        seq: state.seq,
        entries: batch.map((holding) => holding.entry(sentAt)),
      });
    } catch (err) {
      const level = lane.failures === 0 ? 'warn' : 'debug';
      logger[level](
        { err, partition: state.partition, users: batch.length },
        'a batch was not answered; its users are sent again',
      );
      return { result: err instanceof StoreError && !err.ofThisCall ? 'refused' : 'unknown' };
    } finally {
      stop();
    }
  }

  #stored(
    { partition }: PartitionState,
    batch: readonly Holding[],
    waiters: readonly (readonly Waiter[])[],
    reply: ApplyReply & { result: 'ok' },
  ): void {
    const tookOver = new Set(reply.tookOver);
    const unconfirmed: Waiter[] = [];
    batch.forEach((holding, position) => {
      const revokedAt = reply.revoked?.get(position);
      if (revokedAt !== undefined) {
        for (const waiter of waiters[position] ?? []) holding.wait(waiter);
        this.#emit({ type: 'revoked', holding, at: revokedAt });
        return;
      }
      const { hidesAnew } = holding;
      const self = reply.selves.get(position);
      const places = reply.places?.get(position) ?? [];
      this.#emit({ type: 'stored', holding, self, tookOver: tookOver.has(position), places });
      const ended = reply.ended?.get(position);
      if (ended) this.#emit({ type: 'ended', holding, how: ended.how });
      for (const waiter of waiters[position] ?? []) {
        if (hidesAnew) unconfirmed.push(waiter);
        else waiter.store();
      }
    });
    if (unconfirmed.length > 0) void this.#confirm(partition, unconfirmed);
  }

  /** Outside the lane: replicas may be unreachable for long, and other users' batches continue meanwhile. */
  async #confirm(partition: number, waiters: readonly Waiter[]): Promise<void> {
    const isSafe = await this.#reports.replicated(partition);
    for (const waiter of waiters) {
      if (isSafe) waiter.store();
      else waiter.expire();
    }
  }
}
