import type { Metrics } from '../observability/metrics.ts';
import type { Clock } from '../time/clock.ts';

export type FanoutMetrics = Pick<
  Metrics,
  | 'watches'
  | 'views'
  | 'framesSent'
  | 'encoded'
  | 'conflated'
  | 'fanoutSeconds'
  | 'transitions'
  | 'placeTransitions'
>;

/**
 * Counts in plain numbers and updates the registry once per event: adding to a registered counter costs more than
 * everything else that is done for one watcher.
 */
export class Meter {
  /** Watched now: users over all connections, a tenant as one; and cached views. */
  watches = 0;
  views = 0;
  /** Since the last {@link commit}. */
  frames = 0;
  encoded = 0;
  conflated = 0;
  readonly #metrics: FanoutMetrics;
  readonly #clock: Pick<Clock, 'wall'>;
  #toldWatches = 0;
  #toldViews = 0;

  constructor(metrics: FanoutMetrics, clock: Pick<Clock, 'wall'>) {
    this.#metrics = metrics;
    this.#clock = clock;
  }

  /** A transition made at this moment of the store's clock (ms) reaches its first socket. */
  firstWrite(madeAt: number): void {
    // Two clocks: a small difference between them must not count as negative time.
    this.#metrics.fanoutSeconds.observe(Math.max(0, this.#clock.wall() - madeAt) / 1000);
  }

  commit(): void {
    if (this.frames > 0) this.#metrics.framesSent.inc(this.frames);
    if (this.encoded > 0) this.#metrics.encoded.inc(this.encoded);
    if (this.conflated > 0) this.#metrics.conflated.inc(this.conflated);
    this.frames = 0;
    this.encoded = 0;
    this.conflated = 0;
    if (this.watches !== this.#toldWatches) this.#metrics.watches.set(this.watches);
    if (this.views !== this.#toldViews) this.#metrics.views.set(this.views);
    this.#toldWatches = this.watches;
    this.#toldViews = this.views;
  }
}
