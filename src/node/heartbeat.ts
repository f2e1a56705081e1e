import { nodeRef } from '../domain/node-ref.ts';
import type { EventFeed } from '../events/feed.ts';
import type { BeatReply, Leases } from '../store/port/leases.ts';
import { type ClusterHealth, longestLag } from './cluster-health.ts';
import type { NodeContext } from './context.ts';
import type { Flusher } from './flusher.ts';
import type { PartitionState } from './partition-state.ts';
import type { Revocations } from './revocations.ts';
import type { Roster } from './roster.ts';

export interface HeartbeatOptions {
  readonly leases: Leases;
  readonly feed: Pick<EventFeed, 'expect'>;
  readonly flusher: Pick<Flusher, 'lag' | 'wake' | 'isStuck'>;
  readonly roster: Pick<Roster, 'reassert' | 'rejoin' | 'takeBack' | 'tend'>;
  /** Sends them again to each partition that may have lost them. */
  readonly revocations: Pick<Revocations, 'tellAgain'>;
  /** Refreshed with every beat that was answered or failed. */
  readonly health: Pick<ClusterHealth, 'refresh'>;
}

/**
 * Partitions beat in turns this far apart, ms. Readers of events learn how far they have received everything only
 * when the last partition has reported: with turns that is this often, and all at once it would be once per
 * heartbeat.
 */
const TURN_MS = 1_000;

/** How soon to ask again for a partition that gathered all reports but has users not evaluated since, ms. */
const SWEPT_MS = 100;

/** A beat in flight, and whether another one must follow at once. */
interface Underway {
  again: boolean;
}

/**
 * Keeps this node's lease in every partition, one heartbeat key each, and learns from the answers: that it was
 * fenced, that data was lost, how far the log is.
 */
export class Heartbeat {
  readonly #context: NodeContext;
  readonly #options: HeartbeatOptions;
  readonly #beating = new Map<PartitionState, Underway>();
  /** Partitions whose list of this node's users is being read from the store. */
  readonly #asking = new Set<PartitionState>();
  /** The number of turns in which the partitions beat, and the next turn. */
  readonly #turns: number;
  #turn = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Checks again as soon as a partition may no longer be young, instead of a heartbeat later. */
  #youngTimer: NodeJS.Timeout | undefined;
  #stopped = true;

  constructor(context: NodeContext, options: HeartbeatOptions) {
    this.#context = context;
    this.#options = options;
    this.#turns = Math.max(1, Math.floor(context.intervalMs / TURN_MS));
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.beatAll();
    this.#tick();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#youngTimer);
    this.#youngTimer = undefined;
  }

  /** The feed delivered an entry: the partition's log must never be behind it again. */
  saw(partition: number, id: number): void {
    this.#context.partitions.list[partition]?.gave(id);
  }

  /** Beats one partition now, because it refused a write. */
  beatNow(state: PartitionState): void {
    if (this.#stopped) return;
    const beating = this.#beating.get(state);
    if (beating) beating.again = true;
    else void this.#beat(state);
  }

  /**
   * Beats every partition now, because the link to the store came back: beats still in flight were lost with the old
   * link.
   *
   * @param lateMs - how late any node's report to the store may be now: graces wait for it.
   */
  beatAll(lateMs = 0): void {
    if (this.#stopped) return;
    for (const state of this.#context.partitions.list) void this.#beat(state, lateMs);
  }

  #tick(): void {
    const { intervalMs, partitions } = this.#context;
    this.#timer = setTimeout(() => this.#tick(), intervalMs / this.#turns);
    // A late beat is waited for: it ends by itself, and a second one would only queue behind it.
    for (const state of partitions.list)
      if (state.partition % this.#turns === this.#turn && !this.#beating.has(state)) void this.#beat(state);
    if (this.#turn === 0) this.#options.roster.tend();
    this.#turn = (this.#turn + 1) % this.#turns;
  }

  async #beat(state: PartitionState, lateMs = 0): Promise<void> {
    const { nodeId, now, metrics, logger } = this.#context;
    const { leases, flusher, health } = this.#options;
    const { partition, epoch, gen, seen, delivered, acked } = state;
    const underway = { again: false };
    this.#beating.set(state, underway);
    const sentAt = now();
    try {
      const reply = await leases.beat(partition, {
        node: nodeRef(nodeId, epoch),
        ...(gen !== undefined && { gen }),
        seen,
        delivered,
        time: state.time(sentAt),
        acked,
        lagMs: Math.max(flusher.lag(partition), lateMs),
        ...(this.#isStuck(partition) && { stuck: true }),
      });
      if (this.#stopped) return;
      if (epoch === state.epoch) this.#answered(state, reply, sentAt, underway);
    } catch (err) {
      metrics.beats.inc({ result: 'failed' });
      logger.debug({ err, partition }, 'a heartbeat was not answered');
    } finally {
      if (this.#beating.get(state) === underway) this.#beating.delete(state);
    }
    health.refresh();
    if (underway.again) this.beatNow(state);
  }

  #isStuck(partition: number): boolean {
    const { flusher } = this.#options;
    return flusher.isStuck(partition) || flusher.lag(partition) > longestLag(this.#context.intervalMs);
  }

  #answered(state: PartitionState, reply: BeatReply, sentAt: number, underway: Underway): void {
    const { metrics, logger, now, ttlMs } = this.#context;
    const { feed, flusher, roster, revocations } = this.#options;
    const { partition, epoch } = state;
    if (reply.fenced) {
      metrics.beats.inc({ result: 'fenced' });
      metrics.fenced.inc();
      logger.warn({ partition, epoch }, 'fenced in this partition; rejoining with a new epoch');
      state.renew();
      underway.again = true;
      return;
    }
    const hasRejoined = !state.hasBeaten && epoch > 0;
    const hasSlept = state.silence(sentAt, reply) >= ttlMs;
    state.answered(reply, sentAt, now());
    if (reply.lost) {
      metrics.lost.inc();
      logger.warn({ partition }, 'the store lost data in this partition; sending again what this node knows');
      state.forgetWrites();
      revocations.tellAgain(partition);
    }
    metrics.beats.inc({ result: reply.lost ? 'lost' : 'ok' });
    if (reply.lost || hasRejoined) {
      state.reassertDue = true;
      // A store that lost its data has also lost the fence of a node that slept.
      if (hasRejoined || hasSlept) roster.rejoin(partition);
      else roster.reassert(partition);
    }
    if (reply.young) this.#recheckIn(reply.holdMs);
    flusher.wake(partition);
    if (state.reassertDue && !this.#asking.has(state)) void this.#takeBack(state);
    feed.expect(partition, reply.gen, reply.last, reply.clock);
  }

  #recheckIn(ms: number): void {
    this.#youngTimer ??= setTimeout(
      () => {
        this.#youngTimer = undefined;
        for (const state of this.#context.partitions.list) if (state.young) this.beatNow(state);
      },
      Math.max(ms + 1, SWEPT_MS),
    );
  }

  /**
   * Removes users that the store lists for this node but that it does not hold, because a removal may have been lost.
   * Runs beside the beats, which must not wait for it; when it fails, the next beat tries again.
   */
  async #takeBack(state: PartitionState): Promise<void> {
    const { nodeId, logger } = this.#context;
    const { leases, roster } = this.#options;
    const { partition, epoch, gen } = state;
    this.#asking.add(state);
    try {
      const listed = await leases.held(partition, nodeRef(nodeId, epoch));
      // After another loss this list is outdated: the beat that noticed the loss reads it again.
      if (epoch !== state.epoch || gen !== state.gen) return;
      roster.takeBack(listed);
      state.reassertDue = false;
    } catch (err) {
      logger.debug(
        { err, partition },
        'could not read which users are listed for this node; retrying with the next heartbeat',
      );
    } finally {
      this.#asking.delete(state);
    }
  }
}
