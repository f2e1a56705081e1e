import type { UserRef, View } from '../domain/model.ts';
import type { PlaceTransition } from '../domain/place.ts';
import type { Command, EventFeed, LoggedTransition } from '../events/feed.ts';
import type { Health } from '../node/membership.ts';
import { goneFrame } from '../protocol/server-frames.ts';
import type { Partitioning } from '../store/partition.ts';
import type { GroupViews } from '../store/port/groups.ts';
import type { Places } from '../store/port/places.ts';
import type { Reports } from '../store/port/reports.ts';
import type { Views } from '../store/port/views.ts';
import type { Clock } from '../time/clock.ts';
import { DueQueue } from '../time/due-queue.ts';
import { schedule, type Timing } from '../time/timing.ts';
import { Budgets } from './budget.ts';
import type { PlacesNode } from './connection/place-watches.ts';
import { WholeWatcher } from './connection/whole-watcher.ts';
import { DEFAULT_TUNING, type FanoutContext, type Stalled, type Tuning, type Windowed } from './context.ts';
import { Encoder } from './encoder.ts';
import { FairTurns } from './fair-turns.ts';
import type { Fanout, Sink, Watcher } from './fanout.ts';
import type { FanoutLog } from './fanout-log.ts';
import { type FanoutSettings, watchLimits } from './limits.ts';
import { type FanoutMetrics, Meter } from './meter.ts';
import { WatchedNumbers } from './numbers.ts';
import { WatchedPlaces } from './places/places.ts';
import { Groups, type Move, NO_MOVE } from './tenant/groups.ts';
import type { TenantCache } from './tenant/tenant-cache.ts';
import { TenantSets } from './tenant/tenant-sets.ts';
import { Turns } from './turns.ts';
import { Resync } from './views/resync.ts';
import { ViewCache } from './views/view-cache.ts';
import type { ViewRecord } from './views/view-record.ts';
import type { Viewer } from './visibility.ts';
import type { Watching } from './watching.ts';

/** The roles of the store that fan-out needs. */
export interface FanoutStore extends Partitioning {
  readonly views: Views;
  readonly groups: GroupViews;
  readonly places: Pick<Places, 'members' | 'top' | 'counts'>;
  readonly reports: Pick<Reports, 'restore'>;
}

export interface FanoutOptions {
  readonly store: FanoutStore;
  readonly feed: Pick<EventFeed, 'subscribe'>;
  readonly settings: FanoutSettings;
  readonly metrics: FanoutMetrics;
  readonly log: FanoutLog;
  /** Reports when the store answers again, so that nothing waits longer than it must. */
  readonly health?: Health;
  /** The wall clock is for the latency metric only. */
  readonly clock: Clock;
  readonly schedule?: Timing['schedule'];
  /** In [0, 1). */
  readonly random?: () => number;
  readonly tuning?: Partial<Tuning>;
  /** The turns that this shares with everything else that people ask of this node; by default its own. */
  readonly turns?: FairTurns;
}

/** How much fan-out holds; all zero when no connection watches and the last window is over. */
export interface Footprint {
  readonly watches: number;
  readonly views: number;
  readonly tenants: number;
  /** Connections and tenants in a window, connections that do not read, users whose event is under way. */
  readonly waiting: number;
}

/** Fan-out of one node: the feed's transitions to the connections that watch. */
export class NodeFanout implements Fanout {
  readonly #feed: Pick<EventFeed, 'subscribe'>;
  readonly #metrics: FanoutMetrics;
  readonly #context: FanoutContext;
  readonly #cooling: DueQueue<ViewRecord>;
  readonly #cache: ViewCache;
  readonly #tenantSets: TenantSets;
  readonly #groups: Groups;
  readonly #resync: Resync;
  readonly #places: WatchedPlaces;
  readonly #numbers: WatchedNumbers;
  readonly #shared: PlacesNode;
  #unsubscribe: (() => void) | undefined;

  constructor(options: FanoutOptions) {
    const { store, settings, metrics, log, health } = options;
    this.#feed = options.feed;
    this.#metrics = metrics;
    const timing: Timing = {
      now: () => options.clock.monotonic(),
      schedule: options.schedule ?? schedule,
    };
    const tuning = { ...DEFAULT_TUNING, ...options.tuning };
    const windowMs = settings.fanoutWindowMs;
    const meter = new Meter(metrics, options.clock);
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
      sharedOnly: settings.watchPolicy === 'groups',
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
    this.#cache = new ViewCache(store.views, store, this.#context);
    this.#tenantSets = new TenantSets(store.views, this.#cache, this.#context, limits);
    this.#groups = new Groups(store.groups, this.#cache, this.#context, limits);
    this.#places = new WatchedPlaces(store.places, this.#context, settings.placeWatchMax);
    this.#numbers = new WatchedNumbers(store, this.#context);
    this.#resync = new Resync({
      views: store.views,
      reports: store.reports,
      cache: this.#cache,
      tenantSets: this.#tenantSets,
      groups: this.#groups,
      places: this.#places,
      context: this.#context,
      forgotten: (tenant, user, at) => this.#forgotten(tenant, user, at),
      random: options.random ?? Math.random,
      ...(health !== undefined && { health }),
    });
    const running = (): boolean => this.#unsubscribe !== undefined;
    const node: Watching = {
      context: this.#context,
      cache: this.#cache,
      tenantSets: this.#tenantSets,
      groups: this.#groups,
      limits,
      budgets: new Budgets(timing, limits.maxWatches),
      turns: new Turns(timing),
      fairTurns:
        options.turns ??
        new FairTurns({
          now: timing.now,
          onError: (err) => log.error({ err }, 'a watch could not be answered'),
        }),
      get running() {
        return running();
      },
      get isStoreAway() {
        return health?.degraded === true;
      },
    };
    this.#shared = { node, places: this.#places, numbers: this.#numbers };
  }

  async start(): Promise<void> {
    if (this.#unsubscribe !== undefined) return;
    this.#resync.start();
    this.#unsubscribe = this.#feed.subscribe({
      transition: (event) => this.#transition(event),
      command: (command) => this.#command(command),
      place: ({ place }) => this.#place(place),
      reset: (partition) => {
        this.#resync.partition(partition);
        this.#numbers.refresh();
      },
    });
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#resync.stop();
    this.#cooling.clear();
    this.#context.windows.clear();
    this.#context.stalls.clear();
    this.#places.stop();
    this.#numbers.stop();
    this.#cache.stop();
  }

  watcher(tenant: string, sink: Sink, viewer: Viewer): Watcher {
    return new WholeWatcher(tenant, sink, viewer, this.#shared);
  }

  cached(tenant: string, user: string): View | undefined {
    const held = this.#cache.find(tenant)?.users.get(user);
    return held?.confirmed === true ? held.record?.view : undefined;
  }

  /** The newest view this node was given of a user who is watched here; the store may have a newer one, or none. */
  lastKnown({ tenant, user }: UserRef): View | undefined {
    return this.#cache.find(tenant)?.users.get(user)?.record?.view;
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

  #place(place: PlaceTransition): void {
    try {
      this.#metrics.placeTransitions.inc({ change: place.change });
      this.#places.transition(place, this.#context.timing.now());
      if (place.change !== 'changed') this.#numbers.moved(place.tenant, place.place);
      this.#context.meter.commit();
    } catch (err) {
      this.#context.log.error({ err }, 'a change of a place could not be passed on');
    }
  }

  #transition(event: LoggedTransition): void {
    const { status, reason, user, groups, ver } = event.transition;
    const now = this.#context.timing.now();
    try {
      this.#metrics.transitions.inc({ status, reason });
      this.#numbers.transition(event.transition.tenant, groups);
      const watched = this.#cache.find(event.transition.tenant);
      const record = watched?.users.get(user)?.record;
      const known = record?.view.ver ?? 0;
      // A read of the user that was ahead of the feed knows their groups, but they joined and left none by it.
      const isAhead = record?.isRead === true && ver === known;
      const said = isAhead ? record.view.groups : groups;
      const isNews = watched !== undefined && (ver > known || isAhead);
      const move = isNews ? this.#moved(watched, { user, ver, groups: said ?? [] }) : NO_MOVE;
      const tenant = this.#cache.transition(event, now);
      if (tenant !== undefined) {
        this.#groups.announce(move, tenant, user, now);
        this.#tenantSets.checkGrowth(tenant);
      }
      this.#context.meter.commit();
    } catch (err) {
      this.#context.log.error({ err }, 'a transition could not be passed on');
    }
  }

  #command(command: Command): void {
    if (command.type !== 'groups' && command.type !== 'forget') return;
    const { tenant: name, user } = command.ref;
    this.#numbers.regrouped(name);
    if (command.type === 'groups') {
      this.#places.regrouped(name, user, command.view.groups ?? [], this.#context.timing.now());
    }
    const tenant = this.#cache.find(name);
    if (tenant === undefined) return;
    try {
      if (command.type === 'groups') this.#regrouped(tenant, command.view);
      else this.#forgotten(tenant, user, command.at);
      this.#context.meter.commit();
    } catch (err) {
      this.#context.log.error({ err }, 'a command could not be passed on');
    }
  }

  #regrouped(tenant: TenantCache, view: View): void {
    const now = this.#context.timing.now();
    // A read that was ahead of the feed knows better.
    if (view.ver < (tenant.users.get(view.user)?.record?.view.ver ?? 0)) return;
    const move = this.#moved(tenant, view);
    const user = tenant.users.get(view.user);
    if (user !== undefined && move.joined.length > 0) this.#cache.learn(tenant, user, view, now);
    this.#groups.announce(move, tenant, view.user, now);
  }

  /** @param at - when, by the clock that gives versions: anything newer is of a user who came back since. */
  #forgotten(tenant: TenantCache, id: string, at: number): void {
    tenant.readings.forgotten(id, at);
    const user = tenant.users.get(id);
    if ((user?.record?.view.ver ?? 0) > at) return;
    const readers = [...(tenant.set?.stream.readers ?? [])];
    if (user !== undefined) {
      this.#groups.forgotten(tenant, user);
      this.#cache.forget(tenant, user);
    }
    // Also those this node holds nothing of: who watches the tenant was shown them before they went offline.
    const frame = goneFrame({ users: [id] });
    for (const reader of readers) reader.userForgotten(id, frame);
  }

  /**
   * Watchers who may no longer see a user because of an event are sent nothing of its news.
   * @returns groups that the user is new in, or is in no longer.
   */
  #moved(tenant: TenantCache, { user: id, ver, groups }: Pick<View, 'user' | 'ver' | 'groups'>): Move {
    const user = tenant.users.get(id);
    tenant.readings.regrouped(id, ver);
    if (user !== undefined) this.#cache.regroup(user, groups);
    const move = this.#groups.moved(tenant, id, groups);
    const made = user === undefined ? tenant.users.get(id) : undefined;
    if (made !== undefined) this.#cache.regroup(made, groups);
    return move;
  }
}
