import type { Logger } from 'pino';
import { nodeRef } from '../domain/node-ref.ts';
import type { EventFeed } from '../events/feed.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { NodeInfo } from '../store/port/registry.ts';
import type { StoreError } from '../store/port/store-error.ts';
import type { PresenceStore } from '../store/presence-store.ts';
import type { Capacity } from '../time/capacity.ts';
import type { Clock } from '../time/clock.ts';
import { Caretaker } from './caretaker.ts';
import { ClusterHealth, type StoreLink } from './cluster-health.ts';
import type { NodeContext } from './context.ts';
import { Directory } from './directory.ts';
import { Evictions } from './evictions.ts';
import { Flusher } from './flusher.ts';
import { Heartbeat } from './heartbeat.ts';
import { KnownViews } from './known-views.ts';
import { Observers } from './observers.ts';
import { Partitions } from './partitions.ts';
import { Reconciler } from './reconciler.ts';
import { Revocations } from './revocations.ts';
import { Roster } from './roster.ts';
import type { Vitals } from './vitals.ts';

export interface NodeIdentity {
  /** Random, new with every start. */
  readonly id: string;
  readonly name: string;
  readonly version: string;
}

/** Where presence is stored, and the feed of its changes. */
export interface Storage {
  readonly store: PresenceStore;
  readonly feed: EventFeed;
  readonly link: StoreLink;
}

/** All in ms. */
export interface NodePeriods {
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTtlMs: number;
  readonly reapIntervalMs: number;
  readonly graceMs: number;
  readonly drainGraceMs: number;
  /** 0: no user is idle for being silent. */
  readonly idleAwayMs: number;
  readonly commandTimeoutMs: number;
  /** How long a revocation is needed. */
  readonly revocationMs: number;
}

export interface PresenceNodeOptions {
  readonly identity: NodeIdentity;
  readonly storage: Storage;
  readonly periods: NodePeriods;
  /** The wall clock is a label in the list of nodes, and stands in for the store's time until that is known. */
  readonly clock: Clock;
  readonly capacity: Pick<Capacity, 'sockets'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** This node does not fit the deployment and must stop. */
  readonly onIncompatible: (error: StoreError) => void;
}

/** How often a drain checks whether everything is written, ms. */
const DRAIN_LOOK_MS = 20;

/** This node's part in the cluster: what it holds, its lease, and its share of reaping and sweeping. */
export class PresenceNode {
  readonly roster: Roster;
  readonly observers: Observers;
  readonly revocations: Revocations;
  readonly knownViews = new KnownViews();
  readonly health: ClusterHealth;
  readonly directory: Directory;
  readonly #options: PresenceNodeOptions;
  readonly #partitions: Partitions;
  readonly #flusher: Flusher;
  readonly #heartbeat: Heartbeat;
  readonly #caretaker: Caretaker;
  readonly #reconciler: Reconciler;
  #started = false;

  constructor(options: PresenceNodeOptions) {
    this.#options = options;
    const { identity, storage, periods, clock, metrics, logger } = options;
    const { store, feed, link } = storage;
    const { heartbeatIntervalMs: intervalMs, heartbeatTtlMs: ttlMs } = periods;
    const now = (): number => clock.monotonic();
    const partitions = new Partitions(store, clock);
    this.#partitions = partitions;
    const context: NodeContext = {
      nodeId: identity.id,
      partitions,
      intervalMs,
      ttlMs,
      now,
      metrics,
      logger,
    };
    const revocations = new Revocations({
      endings: store.endings,
      partitioning: store,
      keepMs: periods.revocationMs,
      retryMs: intervalMs,
      clock,
      logger,
    });
    this.revocations = revocations;
    const flusher = new Flusher(context, store.reports);
    this.#flusher = flusher;
    const health = new ClusterHealth(context, { link, flusher, revocations });
    this.health = health;
    const roster = new Roster(context, {
      flusher,
      health,
      knownViews: this.knownViews,
      people: store.people,
      ...periods,
    });
    this.roster = roster;
    this.observers = new Observers(roster);
    const evictions = new Evictions({ roster, observers: this.observers, partitions, revocations });
    const heartbeat = new Heartbeat(context, {
      leases: store.leases,
      feed,
      flusher,
      roster,
      revocations,
      health,
    });
    this.#heartbeat = heartbeat;
    this.#reconciler = new Reconciler({ flusher, feed, roster, evictions, revocations, heartbeat, health });
    const startedAt = clock.wall();
    this.directory = new Directory({
      registry: store.registry,
      self: () => this.#describe(startedAt),
      intervalMs,
      now,
      logger,
      onIncompatible: options.onIncompatible,
    });
    this.#caretaker = new Caretaker(context, {
      upkeep: store.upkeep,
      intervalMs: periods.reapIntervalMs,
      directory: this.directory,
    });
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#reconciler.start();
    this.revocations.start();
    this.directory.start();
    this.#heartbeat.start();
    this.#caretaker.start();
    this.health.start();
  }

  get vitals(): Vitals {
    const { ready, degraded, draining, silenceMs } = this.health;
    const { list, at } = this.directory.nodes;
    const since = this.#options.clock.monotonic() - at;
    const isAlive = ({ heartbeatAgo }: NodeInfo): boolean =>
      heartbeatAgo + since < this.#options.periods.heartbeatTtlMs;
    return {
      ready,
      degraded,
      draining,
      heartbeatAgeMs: silenceMs,
      flushLagMs: Math.max(...this.#partitions.list.map(({ partition }) => this.#flusher.lag(partition))),
      clockOffsetMs: this.#partitions.clockOffsetMs,
      nodes: list.filter(isAlive).length,
    };
  }

  /** Waits until everything this node knows is stored. @returns whether it was, within the time. */
  async flushed(withinMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + withinMs;
    while (!this.#flusher.idle) {
      if (clock.monotonic() > deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
    return true;
  }

  /**
   * Gives up the lease wherever the store knows all that this node knows; nothing may join any more. Elsewhere it
   * runs out by itself, and the remaining users are reaped as after a crash.
   */
  async leave(): Promise<void> {
    const { identity, storage, periods, clock } = this.#options;
    this.#heartbeat.stop();
    const done = this.#partitions.list.filter(
      (state) =>
        state.mayWrite(clock.monotonic(), periods.heartbeatTtlMs) &&
        !state.reassertDue &&
        this.#flusher.isDone(state.partition),
    );
    await Promise.all(
      done.map(({ partition, epoch }) => storage.store.leases.retire(partition, nodeRef(identity.id, epoch))),
    );
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#reconciler.stop();
    this.revocations.stop();
    this.health.stop();
    this.#heartbeat.stop();
    this.#flusher.stop();
    this.roster.stop();
    // Last, because these wait for a store that may not answer.
    await Promise.all([this.#caretaker.stop(), this.directory.stop()]);
  }

  #describe(startedAt: number): NodeInfo {
    const { identity, capacity } = this.#options;
    return {
      ...identity,
      connections: capacity.sockets,
      users: this.roster.users,
      startedAt,
      heartbeatAgo: 0,
    };
  }
}
