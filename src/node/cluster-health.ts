import type { NodeContext } from './context.ts';
import type { Flusher } from './flusher.ts';
import type { Health } from './membership.ts';
import type { Revocations } from './revocations.ts';

/** The connection to the store. */
export interface StoreLink {
  readonly up: boolean;
  /** Called when the link comes up or goes down. @returns a function that unsubscribes. */
  onTurn(listener: () => void): () => void;
}

export interface ClusterHealthOptions {
  readonly link: StoreLink;
  /** Whether the store takes this node's writes in a partition, and the age of the oldest change not yet stored, ms. */
  readonly flusher: Pick<Flusher, 'isStuck' | 'lag'>;
  /** While they are not complete, this node may accept a refused token: it must not receive clients. */
  readonly revocations: Pick<Revocations, 'complete'>;
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
  readonly #context: NodeContext;
  readonly #options: ClusterHealthOptions;
  readonly #onLinkUp: ((lateMs: number) => void)[] = [];
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

  constructor(context: NodeContext, options: ClusterHealthOptions) {
    this.#context = context;
    this.#options = options;
    this.#startedAt = context.now();
    options.link.onTurn(() => this.refresh());
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
    return this.#context.now() - Math.max(this.#oldestBeat(), this.#startedAt);
  }

  onDegraded(listener: (degraded: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Called for good each time the link to the store came back: this node must find out now what the store still knows.
   * A user's reconnect may have waited for as long as the store was unreachable, and on another node it is written
   * only after this.
   *
   * @param listener - is given how late any node's report to the store may be by then, ms.
   */
  onLinkUp(listener: (lateMs: number) => void): void {
    this.#onLinkUp.push(listener);
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#lookAtReadiness(), this.#context.intervalMs);
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
    this.#stuckSince = this.#isStuck() ? (this.#stuckSince ?? this.#context.now()) : undefined;
    const degraded = this.#isDegraded();
    if (!this.#joined && !degraded && this.#options.revocations.complete) {
      this.#joined = true;
      this.#setReady(true);
    }
    if (degraded === this.#degraded) return;
    this.#degraded = degraded;
    for (const listener of this.#listeners) {
      try {
        listener(degraded);
      } catch (err) {
        this.#context.logger.error({ err }, 'health listener threw');
      }
    }
  }

  #checkLink(): void {
    const { now } = this.#context;
    const was = this.#linkUp;
    this.#linkUp = this.#options.link.up;
    // The links of others may not have come back before it broke again: for them it was one outage.
    const isNew = this.#linkDownAt === undefined || now() - this.#linkUpAt > OTHERS_LATER_MS;
    if (was && !this.#linkUp && this.#joined && isNew) this.#linkDownAt = now();
    if (was || !this.#linkUp) return;
    this.#linkUpAt = now();
    const lateMs = this.#linkDownAt === undefined ? 0 : now() - this.#linkDownAt + OTHERS_LATER_MS;
    for (const listener of this.#onLinkUp) listener(lateMs);
  }

  #isDegraded(): boolean {
    return !this.#linkUp || !this.trusted || this.#context.partitions.list.some((state) => state.young);
  }

  #isSilent(): boolean {
    const beatAt = this.#oldestBeat();
    return beatAt < this.#linkUpAt || this.#context.now() - beatAt > 2 * this.#context.intervalMs;
  }

  #isStuck(): boolean {
    const { flusher } = this.#options;
    const longest = longestLag(this.#context.intervalMs);
    return this.#context.partitions.list.some(
      ({ partition, stuck }) => stuck || flusher.isStuck(partition) || flusher.lag(partition) > longest,
    );
  }

  /** When the last answered beat was sent, in the partition where that is longest ago, monotonic ms. */
  #oldestBeat(): number {
    return Math.min(...this.#context.partitions.list.map((state) => state.beatAt));
  }

  #lookAtReadiness(): void {
    this.refresh();
    if (!this.#joined) return;
    const { now, ttlMs } = this.#context;
    const silence = now() - this.#oldestBeat();
    const stuckFor = now() - (this.#stuckSince ?? now());
    this.#healthyChecks = this.trusted ? this.#healthyChecks + 1 : 0;
    if (Math.max(silence, stuckFor) > ttlMs) this.#setReady(false);
    else if (this.#healthyChecks >= 2) this.#setReady(true);
  }

  #setReady(ready: boolean): void {
    if (ready === this.#ready) return;
    this.#ready = ready;
    if (ready) this.#context.logger.info('ready');
    else
      this.#context.logger.warn(
        'not ready: the store has not answered, or not taken writes, for a whole lease',
      );
  }
}
