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
import { ClusterHealth } from './cluster-health.ts';
import { Directory } from './directory.ts';
import { Evictions } from './evictions.ts';
import { Flusher } from './flusher.ts';
import { Heartbeat } from './heartbeat.ts';
import type { KnownViews } from './known-views.ts';
import { Observers } from './observers.ts';
import { PartitionState } from './partition-state.ts';
import type { Revocations } from './revocations.ts';
import { Roster } from './roster.ts';
import type { Vitals } from './vitals.ts';

export interface PresenceNodeOptions {
  /** Random, new with every start. */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly store: PresenceStore;
  readonly feed: EventFeed;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTtlMs: number;
  readonly reapIntervalMs: number;
  readonly graceMs: number;
  readonly drainGraceMs: number;
  /** 0: no user is idle for being silent. */
  readonly idleAwayMs: number;
  readonly commandTimeoutMs: number;
  /** The wall clock is a label in the list of nodes, and stands in for the store's time until that is known. */
  readonly clock: Clock;
  /** The link to the store is up. */
  readonly linkUp: () => boolean;
  readonly capacity: Pick<Capacity, 'sockets'>;
  readonly revocations: Revocations;
  readonly knownViews: Pick<KnownViews, 'newest'>;
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
  readonly health: ClusterHealth;
  readonly directory: Directory;
  readonly #options: PresenceNodeOptions;
  readonly #partitions: readonly PartitionState[];
  readonly #flusher: Flusher;
  readonly #heartbeat: Heartbeat;
  readonly #caretaker: Caretaker;
  readonly #evictions: Evictions;
  #unsubscribe: (() => void) | undefined;

  constructor(options: PresenceNodeOptions) {
    this.#options = options;
    const { store, feed, clock, metrics, logger, id: nodeId, heartbeatTtlMs: ttlMs } = options;
    const now = (): number => clock.monotonic();
    const intervalMs = options.heartbeatIntervalMs;
    const partitions = Array.from(
      { length: store.partitions },
      (_, partition) => new PartitionState(partition, 0),
    );
    this.#partitions = partitions;
    const shared = { partitions, nodeId, ttlMs, now, metrics, logger };
    this.#flusher = new Flusher({
      ...shared,
      reports: store.reports,
      onStored: (holding, self, tookOver) => this.roster.stored(holding, self, tookOver),
      onRefused: (state) => this.#heartbeat.beatNow(state),
      onStuck: (state) => {
        this.health.refresh();
        // Others read the same store.
        this.#heartbeat.beatNow(state);
      },
      onEnded: (holding, how) => this.#evictions.ended(holding, how),
      onRevoked: ({ ref }, at) => {
        options.revocations.learn(ref, at);
        this.#evictions.refused(ref, at);
      },
    });
    this.health = new ClusterHealth({
      partitions,
      intervalMs,
      ttlMs,
      now,
      logger,
      linkUp: options.linkUp,
      flusher: this.#flusher,
      onLinkUp: (lateMs) => this.#heartbeat.beatAll(lateMs),
      informed: () => options.revocations.complete,
    });
    this.roster = new Roster({
      partitionOf: (ref) => store.partitionOf(ref),
      // Before the first beat there is only this machine's clock, and a claim must not look older than those before
      // it.
      orderOf: (partition) => partitions[partition]?.order(now()) || clock.wall() * 1000,
      timeOfDay: (partition) => partitions[partition]?.timeOfDay(now()) || clock.wall(),
      storeAnswers: () => !this.health.degraded,
      knownViews: options.knownViews,
      people: store.people,
      flusher: this.#flusher,
      graceMs: options.graceMs,
      drainGraceMs: options.drainGraceMs,
      idleAwayMs: options.idleAwayMs,
      ttlMs,
      commandTimeoutMs: options.commandTimeoutMs,
      now,
      metrics,
    });
    this.observers = new Observers(this.roster);
    this.#evictions = new Evictions({
      roster: this.roster,
      observers: this.observers,
      timeAt: (ref, moment) => partitions[store.partitionOf(ref)]?.latestAt(moment) ?? 0,
      revocations: options.revocations,
    });
    this.#heartbeat = new Heartbeat({
      ...shared,
      leases: store.leases,
      feed,
      intervalMs,
      flusher: this.#flusher,
      roster: this.roster,
      onLost: (partition) => options.revocations.tellAgain(partition),
      onBeat: () => this.health.refresh(),
    });
    const startedAt = clock.wall();
    this.directory = new Directory({
      registry: store.registry,
      self: () => this.#describe(startedAt),
      intervalMs,
      now,
      logger,
      onIncompatible: options.onIncompatible,
    });
    this.#caretaker = new Caretaker({
      ...shared,
      upkeep: store.upkeep,
      intervalMs: options.reapIntervalMs,
      heartbeatIntervalMs: intervalMs,
      nodes: () => this.directory.nodes,
    });
  }

  start(): void {
    const { feed, revocations } = this.#options;
    if (this.#unsubscribe) return;
    const unsubscribe = feed.subscribe({
      transition: ({ partition, id, transition }) => {
        this.#heartbeat.saw(partition, id);
        this.roster.transition(transition);
      },
      command: (command) => {
        this.roster.command(command);
        this.#evictions.command(command);
      },
      // The lost data may include a revocation.
      reset: () => revocations.load(),
    });
    const unlearn = revocations.onLearnt((owner, at) => this.#evictions.refused(owner, at));
    // Back from a time in which commands may have been missed, or for the first time able to ask.
    const unheed = this.health.onDegraded((degraded) => degraded || revocations.load());
    const uncomplete = revocations.onComplete(() => this.health.refresh());
    this.#unsubscribe = () => {
      unsubscribe();
      unlearn();
      uncomplete();
      unheed();
    };
    revocations.start();
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
      heartbeatAgo + since < this.#options.heartbeatTtlMs;
    return {
      ready,
      degraded,
      draining,
      heartbeatAgeMs: silenceMs,
      flushLagMs: Math.max(...this.#partitions.map(({ partition }) => this.#flusher.lag(partition))),
      clockOffsetMs: this.#clockOffset(),
      nodes: list.filter(isAlive).length,
    };
  }

  #clockOffset(): number {
    const { clock } = this.#options;
    const offsets = this.#partitions
      .filter((state) => state.hasTime)
      .map((state) => clock.wall() - state.timeOfDay(clock.monotonic()));
    return offsets.reduce((worst, offset) => (Math.abs(offset) > Math.abs(worst) ? offset : worst), 0);
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
    const { store, id, clock, heartbeatTtlMs } = this.#options;
    this.#heartbeat.stop();
    const done = this.#partitions.filter(
      (state) =>
        state.mayWrite(clock.monotonic(), heartbeatTtlMs) &&
        !state.reassertDue &&
        this.#flusher.isDone(state.partition),
    );
    await Promise.all(done.map(({ partition, epoch }) => store.leases.retire(partition, nodeRef(id, epoch))));
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#options.revocations.stop();
    this.health.stop();
    this.#heartbeat.stop();
    this.#flusher.stop();
    this.roster.stop();
    // Last, because these wait for a store that may not answer.
    await Promise.all([this.#caretaker.stop(), this.directory.stop()]);
  }

  #describe(startedAt: number): NodeInfo {
    const { id, name, version, capacity } = this.#options;
    return {
      id,
      name,
      version,
      connections: capacity.sockets,
      users: this.roster.users,
      startedAt,
      heartbeatAgo: 0,
    };
  }
}
