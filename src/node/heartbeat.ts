import type { Logger } from 'pino';
import type { EventFeed } from '../events/feed.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { BeatReply, PresenceStore } from '../store/presence-store.ts';
import type { Flusher } from './flusher.ts';
import type { PartitionState } from './partition-state.ts';
import type { Roster } from './roster.ts';

export interface HeartbeatOptions {
  readonly store: PresenceStore;
  readonly feed: Pick<EventFeed, 'expect'>;
  readonly partitions: readonly PartitionState[];
  readonly nodeId: string;
  readonly intervalMs: number;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly flusher: Pick<Flusher, 'lag' | 'wake'>;
  readonly roster: Pick<Roster, 'reassert' | 'expire'>;
  /** A beat was answered or failed: health may have changed. */
  readonly onBeat: () => void;
}

/**
 * Keeps this node's lease in every partition, one heartbeat key each, and learns from the answers: that it was
 * fenced, that data was lost, how far the log is.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  /** Partitions whose beat is under way, and whether another one is wanted right after. */
  readonly #beating = new Map<PartitionState, { again: boolean }>();
  #timer: NodeJS.Timeout | undefined;
  /** Looks again as soon as a partition may have come of age, instead of a heartbeat later. */
  #youngTimer: NodeJS.Timeout | undefined;
  #stopped = true;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#tick();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#youngTimer);
  }

  /** The feed delivered an entry: the partition must never again be behind it. */
  saw(partition: number, clock: number): void {
    this.#options.partitions[partition]?.saw(clock);
  }

  /** Beats one partition now, because it refused a write. */
  beatNow(state: PartitionState): void {
    const beating = this.#beating.get(state);
    if (beating) beating.again = true;
    else void this.#beat(state);
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#tick(), this.#options.intervalMs);
    for (const state of this.#options.partitions) if (!this.#beating.has(state)) void this.#beat(state);
    this.#options.roster.expire();
  }

  async #beat(state: PartitionState): Promise<void> {
    const { store, nodeId, now, flusher, metrics, logger, onBeat } = this.#options;
    const { partition, epoch, gen, seen, acked } = state;
    const under = { again: false };
    this.#beating.set(state, under);
    const sentAt = now();
    try {
      const reply = await store.beat(partition, {
        node: `${nodeId}.${epoch}`,
        ...(gen !== undefined && { gen }),
        seen,
        acked,
        lagMs: flusher.lag(partition),
      });
      await this.#answered(state, epoch, reply, sentAt, under);
    } catch (error) {
      metrics.beats.inc({ result: 'failed' });
      logger.debug({ err: error, partition }, 'a heartbeat was not answered');
    } finally {
      this.#beating.delete(state);
      onBeat();
    }
    if (under.again && !this.#stopped) this.beatNow(state);
  }

  async #answered(
    state: PartitionState,
    epoch: number,
    reply: BeatReply,
    sentAt: number,
    under: { again: boolean },
  ): Promise<void> {
    const { feed, flusher, metrics, logger, now } = this.#options;
    const { partition } = state;
    if (epoch !== state.epoch) return;
    if (reply.fenced) {
      metrics.beats.inc({ result: 'fenced' });
      metrics.fenced.inc();
      logger.warn({ partition, epoch }, 'this node was taken for dead here; it rejoins');
      state.renew();
      under.again = true;
      return;
    }
    const rejoined = !state.hasBeaten && epoch > 0;
    state.answered(reply, sentAt, now());
    feed.expect(partition, reply.gen, reply.last);
    if (reply.lost) {
      metrics.lost.inc();
      logger.warn({ partition }, 'the store lost data here; telling it again what this node knows');
      state.forgetWrites();
    }
    metrics.beats.inc({ result: reply.lost ? 'lost' : 'ok' });
    if (reply.young) this.#lookAgainIn(reply.holdMs);
    if (reply.lost || rejoined) {
      state.reassertDue = true;
      this.#options.roster.reassert(partition, []);
    }
    flusher.wake(partition);
    if (state.reassertDue) await this.#reassert(state);
  }

  #lookAgainIn(ms: number): void {
    if (this.#stopped || this.#youngTimer) return;
    this.#youngTimer = setTimeout(() => {
      this.#youngTimer = undefined;
      for (const state of this.#options.partitions) if (state.young) this.beatNow(state);
    }, ms + 1);
  }

  /**
   * Everything this node holds is written again, through the ordinary path; so is what the store lists for it and
   * it does not hold, because a removal may be what was lost. Tried again with the next beat when it fails.
   */
  async #reassert(state: PartitionState): Promise<void> {
    const { store, nodeId, roster } = this.#options;
    const listed = await store.held(state.partition, `${nodeId}.${state.epoch}`);
    roster.reassert(state.partition, listed);
    state.reassertDue = false;
  }
}
