import type { Logger } from 'pino';
import type { Flusher } from './flusher.ts';
import type { Health } from './membership.ts';
import type { PartitionState } from './partition-state.ts';

export interface ClusterHealthOptions {
  readonly partitions: readonly PartitionState[];
  readonly intervalMs: number;
  readonly ttlMs: number;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly linkUp: () => boolean;
  /** Whether the store takes this node's writes in a partition, and the age of the oldest change not yet stored, ms. */
  readonly flusher: Pick<Flusher, 'isStuck' | 'lag'>;
  /**
   * The link to the store came back: this node must find out now what the store still knows. A user's reconnect may
   * have waited for as long as the store was unreachable, and on another node it is written only after this.
   */
  readonly onLinkUp: (lateMs: number) => void;
  /** This node knows which tokens are refused: before that it must not receive clients. */
  readonly informed: () => boolean;
  readonly logger: Logger;
}

/** A change that waits for longer than this is no mere delay, ms: reads may be wrong then. */
export const longestLag = (intervalMs: number): number => Math.max(2 * intervalMs, 1_000);

/**
 * A store that this node could not reach may be unreachable for others, whose links come back up to this much later,
 * ms.
 */
const OTHERS_LATER_MS = 1_000;

/**
 * Whether this node's answers can be trusted, and whether it should get traffic. `degraded` follows the store
 * closely, so that clients do not take stale state for fresh. Readiness is lost only after a whole lease without the
 * store, and returns after two good checks, so that a hiccup of Redis does not take every node out of the balancer at
 * once.
 */
export class ClusterHealth implements Health {
  readonly #options: ClusterHealthOptions;
  readonly #listeners = new Set<(degraded: boolean) => void>();
  #degraded = true;
  #joined = false;
  #ready = false;
  #healthyChecks = 0;
  #draining = false;
  #linkUp = true;
  /** Before this node knows anything, no node counts as late. */
  #linkDownAt: number | undefined;
  /** Only beats sent since then count, because a store that was unreachable may have come back empty. */
  #linkUpAt = Number.NEGATIVE_INFINITY;
  readonly #startedAt: number;
  /** Since when the store has not taken every write of the nodes, monotonic ms. */
  #stuckSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ClusterHealthOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  get degraded(): boolean {
    return this.#degraded;
  }

  get ready(): boolean {
    return this.#ready && !this.#draining;
  }

  /**
   * The store's answers are complete, because it takes what nodes write. A store that is out of memory, or has too
   * few replicas, answers reads and perhaps heartbeats, but does not know users who came since.
   */
  get trusted(): boolean {
    return this.#stuckSince === undefined && !this.#isSilent();
  }

  get draining(): boolean {
    return this.#draining;
  }

  /**
   * Time since the last answered heartbeat, in the partition where it is longest, ms; before the first, since the
   * start.
   */
  get silenceMs(): number {
    return this.#options.now() - Math.max(this.#oldestBeat(), this.#startedAt);
  }

  onDegraded(listener: (degraded: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#lookAtReadiness(), this.#options.intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** No traffic from now on; permanent. */
  drain(): void {
    this.#draining = true;
  }

  /** Checks again: called whenever a beat was answered or failed, and when the link comes up or goes down. */
  refresh(): void {
    this.#checkLink();
    this.#stuckSince = this.#isStuck() ? (this.#stuckSince ?? this.#options.now()) : undefined;
    const degraded = this.#isDegraded();
    if (!this.#joined && !degraded && this.#options.informed()) {
      this.#joined = true;
      this.#setReady(true);
    }
    if (degraded === this.#degraded) return;
    this.#degraded = degraded;
    for (const listener of this.#listeners) {
      try {
        listener(degraded);
      } catch (err) {
        this.#options.logger.error({ err }, 'health listener threw');
      }
    }
  }

  #checkLink(): void {
    const { linkUp, onLinkUp, now } = this.#options;
    const was = this.#linkUp;
    this.#linkUp = linkUp();
    // The links of others may not have come back before it broke again: for them it was one outage.
    const isNew = this.#linkDownAt === undefined || now() - this.#linkUpAt > OTHERS_LATER_MS;
    if (was && !this.#linkUp && this.#joined && isNew) this.#linkDownAt = now();
    if (was || !this.#linkUp) return;
    this.#linkUpAt = now();
    onLinkUp(this.#linkDownAt === undefined ? 0 : now() - this.#linkDownAt + OTHERS_LATER_MS);
  }

  #isDegraded(): boolean {
    return !this.#linkUp || !this.trusted || this.#options.partitions.some((state) => state.young);
  }

  #isSilent(): boolean {
    const beatAt = this.#oldestBeat();
    return beatAt < this.#linkUpAt || this.#options.now() - beatAt > 2 * this.#options.intervalMs;
  }

  #isStuck(): boolean {
    const { partitions, flusher, intervalMs } = this.#options;
    const longest = longestLag(intervalMs);
    return partitions.some(
      ({ partition, stuck }) => stuck || flusher.isStuck(partition) || flusher.lag(partition) > longest,
    );
  }

  /** When the last answered beat was sent, in the partition where that is longest ago, monotonic ms. */
  #oldestBeat(): number {
    return Math.min(...this.#options.partitions.map((state) => state.beatAt));
  }

  #lookAtReadiness(): void {
    this.refresh();
    if (!this.#joined) return;
    const { now, ttlMs } = this.#options;
    const silence = now() - this.#oldestBeat();
    const stuckFor = now() - (this.#stuckSince ?? now());
    this.#healthyChecks = this.trusted ? this.#healthyChecks + 1 : 0;
    if (Math.max(silence, stuckFor) > ttlMs) this.#setReady(false);
    else if (this.#healthyChecks >= 2) this.#setReady(true);
  }

  #setReady(ready: boolean): void {
    if (ready === this.#ready) return;
    this.#ready = ready;
    if (ready) this.#options.logger.info('ready');
    else
      this.#options.logger.warn(
        'not ready: the store has not answered, or not taken writes, for a whole lease',
      );
  }
}
