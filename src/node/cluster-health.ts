import type { Health } from './membership.ts';
import type { PartitionState } from './partition-state.ts';

export interface ClusterHealthOptions {
  readonly partitions: readonly PartitionState[];
  readonly intervalMs: number;
  readonly ttlMs: number;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly linkUp: () => boolean;
}

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
  #goodLooks = 0;
  #draining = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ClusterHealthOptions) {
    this.#options = options;
  }

  get degraded(): boolean {
    return this.#degraded;
  }

  get ready(): boolean {
    return this.#ready && !this.#draining;
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
    const { partitions, intervalMs, linkUp } = this.#options;
    const young = partitions.some((state) => state.young);
    const degraded = !linkUp() || young || this.#silence() > 2 * intervalMs;
    if (!this.#joined && !degraded) {
      this.#joined = true;
      this.#ready = true;
    }
    if (degraded === this.#degraded) return;
    this.#degraded = degraded;
    for (const listener of this.#listeners) listener(degraded);
  }

  /** How long the partition heard of longest ago has been silent, ms. */
  #silence(): number {
    const oldest = Math.min(...this.#options.partitions.map((state) => state.beatAt));
    return this.#options.now() - oldest;
  }

  #lookAtReadiness(): void {
    this.refresh();
    if (!this.#joined) return;
    const silence = this.#silence();
    this.#goodLooks = silence <= 2 * this.#options.intervalMs ? this.#goodLooks + 1 : 0;
    if (silence > this.#options.ttlMs) this.#ready = false;
    else if (this.#goodLooks >= 2) this.#ready = true;
  }
}
