import type { View } from '../domain/model.ts';
import type { EventFeed, LoggedTransition } from '../events/feed.ts';
import type { Health } from '../node/membership.ts';
import type { PresenceStore } from '../store/presence-store.ts';
import { ConnectionWatcher, type Watching } from './connection-watcher.ts';
import { DEFAULT_TUNING, type FanoutContext, type Stalled, type Tuning, type Windowed } from './context.ts';
import { DueQueue, type Timing } from './due-queue.ts';
import { Encoder } from './encoder.ts';
import type { Fanout, Sink, Watcher } from './fanout.ts';
import type { FanoutLog } from './fanout-log.ts';
import { type FanoutSettings, watchLimits } from './limits.ts';
import { type FanoutMetrics, Meter } from './meter.ts';
import { Resync } from './resync.ts';
import { Rosters } from './rosters.ts';
import { ViewCache } from './view-cache.ts';
import type { ViewRecord } from './view-record.ts';

export interface FanoutOptions {
  readonly store: Pick<PresenceStore, 'read' | 'page' | 'count' | 'partitionOf'>;
  readonly feed: Pick<EventFeed, 'subscribe'>;
  readonly settings: FanoutSettings;
  readonly metrics: FanoutMetrics;
  readonly log: FanoutLog;
  /** Tells when the store answers again, so that nothing waits longer than it must. */
  readonly health?: Health;
  /** ms of a monotonic clock. */
  readonly now?: () => number;
  /** ms since the epoch, as close to the store's clock as the node can tell; for the latency metric only. */
  readonly wallNow?: () => number;
  readonly schedule?: Timing['schedule'];
  /** In [0, 1). */
  readonly random?: () => number;
  readonly tuning?: Partial<Tuning>;
}

/** How much fan-out holds; all zero when nobody watches and the last window is over. */
export interface Footprint {
  readonly watches: number;
  readonly views: number;
  readonly tenants: number;
  /** Connections and tenants in a window, connections that do not read, users whose event is under way. */
  readonly waiting: number;
}

const schedule: Timing['schedule'] = (run, ms) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

/** Fan-out of one node: the feed's transitions to the connections that watch. */
export class NodeFanout implements Fanout {
  readonly #feed: Pick<EventFeed, 'subscribe'>;
  readonly #metrics: FanoutMetrics;
  readonly #context: FanoutContext;
  readonly #cooling: DueQueue<ViewRecord>;
  readonly #cache: ViewCache;
  readonly #rosters: Rosters;
  readonly #resync: Resync;
  readonly #watching: Watching;
  #unsubscribe: (() => void) | undefined;

  constructor(options: FanoutOptions) {
    const { store, settings, metrics, log, health } = options;
    this.#feed = options.feed;
    this.#metrics = metrics;
    const timing: Timing = {
      now: options.now ?? (() => performance.now()),
      schedule: options.schedule ?? schedule,
    };
    const tuning = { ...DEFAULT_TUNING, ...options.tuning };
    const windowMs = settings.fanoutWindowMs;
    const meter = new Meter(metrics, options.wallNow ?? Date.now);
    /** One bad item must not stop the queue: its timer is everybody's. */
    const each =
      <T>(call: (item: T, now: number) => void) =>
      (items: readonly T[], now: number): void => {
        for (const item of items) {
          try {
            call(item, now);
          } catch (err) {
            log.error({ err }, 'presence could not be passed on');
          }
        }
        meter.commit();
      };
    this.#cooling = new DueQueue<ViewRecord>(
      tuning.frameKeepMs,
      timing,
      each((record) => {
        record.frame = undefined;
      }),
    );
    this.#context = {
      timing,
      tuning,
      windowMs,
      windows: new DueQueue<Windowed>(
        windowMs,
        timing,
        each((item, now) => item.windowEnded(now)),
      ),
      stalls: new DueQueue<Stalled>(
        tuning.stallCheckMs,
        timing,
        each((item, now) => item.lookAgain(now)),
      ),
      encoder: new Encoder(meter, this.#cooling, log),
      meter,
      log,
    };
    const limits = watchLimits(settings);
    this.#cache = new ViewCache(store, this.#context);
    this.#rosters = new Rosters(store, this.#cache, this.#context, limits);
    this.#resync = new Resync({
      store,
      cache: this.#cache,
      rosters: this.#rosters,
      context: this.#context,
      random: options.random ?? Math.random,
      ...(health !== undefined && { health }),
    });
    const running = (): boolean => this.#unsubscribe !== undefined;
    this.#watching = {
      context: this.#context,
      cache: this.#cache,
      rosters: this.#rosters,
      limits,
      get running() {
        return running();
      },
    };
  }

  async start(): Promise<void> {
    if (this.#unsubscribe !== undefined) return;
    this.#resync.start();
    this.#unsubscribe = this.#feed.subscribe({
      transition: (event) => this.#transition(event),
      reset: (partition) => this.#resync.partition(partition),
    });
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#resync.stop();
    this.#cooling.clear();
    this.#context.windows.clear();
    this.#context.stalls.clear();
    this.#cache.stop();
  }

  watcher(tenant: string, sink: Sink): Watcher {
    return new ConnectionWatcher(tenant, sink, this.#watching);
  }

  cached(tenant: string, user: string): View | undefined {
    const held = this.#cache.find(tenant)?.users.get(user);
    return held?.confirmed === true ? held.record?.view : undefined;
  }

  /** Connections that do not read. */
  get stalled(): number {
    return this.#context.stalls.size;
  }

  get footprint(): Footprint {
    const { meter, windows, stalls } = this.#context;
    let tenants = 0;
    for (const _ of this.#cache.tenants()) tenants += 1;
    const waiting = windows.size + stalls.size + this.#cache.waiting;
    return { watches: meter.watches, views: meter.views, tenants, waiting };
  }

  #transition(event: LoggedTransition): void {
    const { status, reason } = event.transition;
    try {
      this.#metrics.transitions.inc({ status, reason });
      const tenant = this.#cache.transition(event, this.#context.timing.now());
      if (tenant !== undefined) this.#rosters.checkGrowth(tenant);
      this.#context.meter.commit();
    } catch (err) {
      this.#context.log.error({ err }, 'a transition could not be passed on');
    }
  }
}
