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
  /** Whether the store takes what this node writes in a partition, and the age of the oldest change it has not, ms. */
  readonly flusher: Pick<Flusher, 'isStuck' | 'lag'>;
  /**
   * The link to the store came back: what it still knows has to be found out now. Somebody's reconnect may have waited
   * for the store as long as it was away, and on another node is told to it only after this.
   */
  readonly onLinkUp: (lateMs: number) => void;
  /** This node knows whose tokens are refused: before that it may not be given anybody to let in. */
  readonly informed: () => boolean;
  readonly logger: Logger;
}

/** A change that waits for longer is no delay any more, ms: then what is read may be wrong. */
export const longestLag = (intervalMs: number): number => Math.max(2 * intervalMs, 1_000);

/** A store that was away for this node may be so for others, and their links come back up to so much later, ms. */
const OTHERS_LATER_MS = 1_000;

/**
 * Whether this node can trust what it says, and whether it should get traffic. Degraded follows the store closely,
 * so that nobody takes old news for fresh; readiness leaves only after a whole lease without the store, and returns
 * after two good looks, so that a hiccup of Redis does not take every node out of the balancer at once.
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
  /** Nobody has been late before this node knew anything. */
  #linkDownAt: number | undefined;
  /** Only beats sent since then tell anything: a store that was away may have come back empty. */
  #linkUpAt = Number.NEGATIVE_INFINITY;
  readonly #startedAt: number;
  /** Since when the store has not taken everything that nodes write, monotonic ms. */
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
   * What the store answers lacks nobody, because it takes what nodes write. One that is out of memory, or has too few
   * replicas, answers reads and perhaps heartbeats, and yet knows nothing of whoever came since.
   */
  get trusted(): boolean {
    return this.#stuckSince === undefined && !this.#isSilent();
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Since the last answered heartbeat of the partition in which that is longest ago, ms; before the first, since the start. */
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

  /** From now on no traffic, for good. */
  drain(): void {
    this.#draining = true;
  }

  /** Looks again: called whenever a beat was answered or failed, and when the link turns. */
  refresh(): void {
    this.#checkLink();
    this.#stuckSince = this.#isStuck() ? (this.#stuckSince ?? this.#options.now()) : undefined;
    const degraded = this.#isDegraded();
    if (!this.#joined && !degraded && this.#options.informed()) {
      this.#joined = true;
      this.#ready = true;
    }
    if (degraded === this.#degraded) return;
    this.#degraded = degraded;
    for (const listener of this.#listeners) {
      try {
        listener(degraded);
      } catch (err) {
        this.#options.logger.error({ err }, 'somebody could not be told of the health of this node');
      }
    }
  }

  #checkLink(): void {
    const { linkUp, onLinkUp, now } = this.#options;
    const was = this.#linkUp;
    this.#linkUp = linkUp();
    // The links of others may not have been back before it broke again: to them it was one time.
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

  /** When the beat was sent that the partition heard of longest ago answered last, monotonic ms. */
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
    if (Math.max(silence, stuckFor) > ttlMs) this.#ready = false;
    else if (this.#healthyChecks >= 2) this.#ready = true;
  }
}
