import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { ClaimRules } from './auth/claims.ts';
import { TokenIssuer } from './auth/issuer.ts';
import { createKeyring } from './auth/keyring.ts';
import { TokenVerifier } from './auth/verifier.ts';
import type { ConfigError } from './config/config-error.ts';
import { MEMORY_URL } from './config/redis-url.ts';
import type { Settings } from './config/settings.ts';
import { MemoryFeed } from './events/memory-feed.ts';
import { RedisFeed } from './events/redis-feed.ts';
import { FairTurns } from './fanout/fair-turns.ts';
import { NodeFanout } from './fanout/node-fanout.ts';
import { buildAdminServer } from './http/admin.ts';
import { listenOn } from './http/listener.ts';
import { buildPublicServer } from './http/server.ts';
import { registerWebSocket } from './http/websocket.ts';
import { drain, STOP_MS } from './lifecycle/drain.ts';
import { LoopLag } from './lifecycle/loop-lag.ts';
import { Services } from './lifecycle/service.ts';
import { type NodePeriods, PresenceNode, type Storage } from './node/presence-node.ts';
import { trustedReads } from './node/trusted-reads.ts';
import { recordVitals } from './node/vitals.ts';
import { recordLimits } from './observability/limits.ts';
import { collectProcessMetrics, createMetrics, type Metrics } from './observability/metrics.ts';
import { initSeries } from './observability/series.ts';
import { AddressSource } from './redis/address-source.ts';
import { createKeys } from './redis/keys.ts';
import { RedisLink } from './redis/link.ts';
import { Sessions } from './session/sessions.ts';
import { MemoryStore } from './store/memory/memory-store.ts';
import type { StoreError } from './store/port/store-error.ts';
import { DeploymentCheck } from './store/redis/check/deployment-check.ts';
import { Library } from './store/redis/library.ts';
import { RedisStore } from './store/redis/redis-store.ts';
import { EventStreams } from './streams/event-streams.ts';
import { Capacity } from './time/capacity.ts';
import { systemClock } from './time/clock.ts';

export interface AppOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly nodeId: string;
  readonly version: string;
  /**
   * This node does not match the deployment it connected to, or `REDIS_URL` does not match the Redis that answers:
   * stop.
   */
  readonly onIncompatible: (error: StoreError | ConfigError) => void;
}

/** One running node. */
export interface App {
  /**
   * Starts everything and listens. Readiness follows once the node has joined the cluster.
   * @throws ConfigError when the Redis that answers is not what `REDIS_URL` says.
   */
  start(): Promise<void>;
  /** Drains this node, unnoticed by users; {@link App.stop} follows. */
  drain(): Promise<void>;
  stop(): Promise<void>;
  /** Where it listens, with the ports that were chosen when the settings say 0. */
  readonly addresses: { readonly public: string; readonly admin: string };
}

const DAY_MS = 86_400_000;
/** How far the clocks of issuers may be ahead or behind: a revocation must not end before the last token it refuses. */
const REVOCATION_SLACK_MS = 10_000;

const clock = systemClock;
/** µs; the fraction comes from the monotonic clock, so that two moments of one millisecond differ. */
const micros = (): number => Math.floor((performance.timeOrigin + performance.now()) * 1000);

interface CheckedStorage extends Storage {
  /** Checks that the store is the right one, before anything else starts. */
  readonly check?: Pick<DeploymentCheck, 'start' | 'stop'>;
}

const claimRules = ({ maxTokenTtlS, tokenAudience, tokenIssuer }: Settings): ClaimRules => ({
  maxTtlSeconds: maxTokenTtlS,
  ...(tokenAudience !== undefined && { audience: tokenAudience }),
  ...(tokenIssuer !== undefined && { issuer: tokenIssuer }),
});

const revocationMs = ({ maxTokenTtlS }: Settings): number => maxTokenTtlS * 1000 + REVOCATION_SLACK_MS;

const nodePeriods = (settings: Settings): NodePeriods => ({
  heartbeatIntervalMs: settings.heartbeatIntervalMs,
  heartbeatTtlMs: settings.heartbeatTtlMs,
  reapIntervalMs: settings.reapIntervalMs,
  graceMs: settings.offlineGraceMs,
  drainGraceMs: settings.drainGraceMs,
  idleAwayMs: settings.idleAwayMs,
  commandTimeoutMs: settings.redisCommandTimeoutMs,
  revocationMs: revocationMs(settings),
});

const storeOptions = (settings: Settings) => ({
  partitions: settings.partitions,
  lastSeen: settings.lastSeen,
  heartbeatIntervalMs: settings.heartbeatIntervalMs,
  heartbeatTtlMs: settings.heartbeatTtlMs,
  policy: {
    idleAwayMs: settings.idleAwayMs,
    idleOfflineMs: settings.idleOfflineMs,
    graceMs: settings.offlineGraceMs,
    retentionMs: settings.lastSeenRetentionDays * DAY_MS,
    revocationMs: revocationMs(settings),
    ...(settings.transitionBurst > 0 &&
      settings.transitionIntervalMs > 0 && {
        damping: { burst: settings.transitionBurst, intervalMs: settings.transitionIntervalMs },
      }),
  },
});

const openMemory = (settings: Settings, nodeId: string, logger: Logger): CheckedStorage => {
  const feed = new MemoryFeed({
    ...settings,
    generation: nodeId,
    onError: (err) => logger.error({ err }, 'feed listener threw'),
  });
  const store = new MemoryStore({
    ...storeOptions(settings),
    micros,
    publish: (partition, entries) => feed.publish(partition, entries),
  });
  return { store, feed, link: { up: true, onTurn: () => () => undefined } };
};

const openRedis = (
  settings: Settings,
  metrics: Metrics,
  logger: Logger,
  onWrong: (error: ConfigError) => void,
): CheckedStorage => {
  const source = new AddressSource({ ...settings, log: logger });
  const linkOptions = {
    get address() {
      return source.current;
    },
    refresh: () => source.refresh(),
    name: `rollcall ${settings.nodeName}`.replace(/[^\x21-\x7e]/g, '-'),
    commandTimeoutMs: settings.redisCommandTimeoutMs,
    metrics,
    logger,
    random: Math.random,
  };
  const link = new RedisLink(linkOptions, new Library());
  const keys = createKeys(settings.redisPrefix, settings.partitions);
  const store = new RedisStore({
    ...storeOptions(settings),
    link,
    keys,
    eventLogSeconds: settings.eventLogSeconds,
    eventLogMax: settings.eventLogMax,
    publishTenantEvents: settings.publishTenantEvents,
    writeReplicas: settings.writeReplicas,
    replicaTimeoutMs: Math.floor(settings.redisCommandTimeoutMs / 2),
    newGeneration: () => randomBytes(6).toString('base64url'),
  });
  const feed = new RedisFeed({
    link,
    subscriber: linkOptions,
    keys,
    heartbeatIntervalMs: settings.heartbeatIntervalMs,
    clock,
    metrics,
    logger,
  });
  const check = new DeploymentCheck({
    link: linkOptions,
    keys,
    prefix: settings.redisPrefix,
    isCluster: linkOptions.address.topology === 'cluster',
    publishTenantEvents: settings.publishTenantEvents,
    writeReplicas: settings.writeReplicas,
    onWrong,
  });
  return { store, feed, check, link };
};

/** Builds one node explicitly: every part is passed its dependencies. */
export const createApp = async (options: AppOptions): Promise<App> => {
  const { settings, logger, nodeId, version } = options;
  const metrics = createMetrics();
  collectProcessMetrics(metrics.register);
  metrics.buildInfo.set({ version, node: settings.nodeName }, 1);
  recordLimits(metrics, settings);
  initSeries(metrics);
  // Without a Redis nothing can become unreachable.
  if (settings.redisUrl === MEMORY_URL) metrics.register.removeSingleMetric('rollcall_redis_up');

  const keyring = await createKeyring(settings, { log: logger });
  const storage =
    settings.redisUrl === MEMORY_URL
      ? openMemory(settings, nodeId, logger)
      : openRedis(settings, metrics, logger, options.onIncompatible);
  const { store, feed, check } = storage;

  const capacity = new Capacity(settings.maxConnections);
  const node = new PresenceNode({
    identity: { id: nodeId, name: settings.nodeName, version },
    storage,
    periods: nodePeriods(settings),
    clock,
    capacity,
    metrics,
    logger,
    onIncompatible: options.onIncompatible,
  });
  const { revocations } = node;
  const authenticator = new TokenVerifier({
    isRevoked: (principal) => revocations.refuses(principal),
    keys: keyring,
    rules: claimRules(settings),
    metrics,
    clock,
  });
  const issuer = new TokenIssuer({ keys: keyring, rules: claimRules(settings), clock });
  const reads = trustedReads(store, node.health);
  const turns = new FairTurns({
    now: clock.monotonic,
    onError: (err) => logger.error({ err }, 'a queued task of a watcher threw'),
  });
  const fanout = new NodeFanout({
    store: reads,
    turns,
    feed,
    metrics,
    settings,
    health: node.health,
    clock,
    // A node that learns of a loss late still has an interval to send what its watchers were shown.
    tuning: { resyncJitterMs: settings.heartbeatIntervalMs / 2 },
    log: logger,
  });
  node.knownViews.add((ref) => fanout.lastKnown(ref));
  const sessions = new Sessions({
    settings,
    authenticator,
    isRevoked: (principal) => revocations.refuses(principal),
    membership: node.roster,
    observers: node.observers,
    fanout,
    feed,
    turns,
    health: node.health,
    metrics,
    clock,
    random: Math.random,
    capacity,
    log: logger,
  });
  const streams = new EventStreams({
    feed,
    places: reads.places,
    metrics,
    clock,
    random: Math.random,
    perUser: settings.maxConnectionsPerUser,
    capacity,
    ended: (principal) => revocations.refuses(principal),
  });
  const lag = new LoopLag(clock.monotonic);
  const publicServer = await buildPublicServer({
    settings,
    store: reads,
    auth: authenticator,
    issuer,
    metrics,
    logger,
    health: node.health,
    feed,
    streams,
    clock,
    version,
    nodes: () => node.directory.ask(),
    registerSockets: (server, front) =>
      registerWebSocket(server, {
        front,
        settings,
        sessions,
        authenticator,
        metrics,
        overloaded: () => lag.overloaded,
        clock,
      }),
  });
  const adminServer = buildAdminServer({
    settings,
    metrics,
    health: node.health,
    logger,
    onScrape: () => {
      recordVitals(metrics, node.vitals);
      metrics.stalledWatchers.set(fanout.stalled);
    },
  });

  const front = listenOn('public server', publicServer, {
    port: settings.port,
    host: settings.host,
    settings: { port: 'PORT', host: 'HOST' },
  });
  const admin = listenOn('admin server', adminServer, {
    port: settings.adminPort,
    host: settings.adminHost,
    settings: { port: 'ADMIN_PORT', host: settings.adminHost === settings.host ? 'HOST' : 'ADMIN_HOST' },
  });
  const services = new Services(
    [
      { name: 'keyring', start: () => keyring.start(), stop: () => keyring.stop() },
      { name: 'loop lag', start: () => lag.start(), stop: () => lag.stop() },
      admin,
      ...(check ? [{ name: 'redis check', start: () => check.start(), stop: () => check.stop() }] : []),
      { name: 'store', start: () => store.start(), stop: () => store.stop() },
      { name: 'feed', start: () => feed.start(), stop: () => feed.stop() },
      { name: 'node', start: () => node.start(), stop: () => node.stop() },
      // Before fan-out: a user who is seen to go has stopped typing by then.
      { name: 'typing', start: () => sessions.typing.start(), stop: () => sessions.typing.stop() },
      { name: 'fanout', start: () => fanout.start(), stop: () => fanout.stop() },
      { name: 'sessions', start: () => sessions.start(), stop: () => sessions.stop() },
      front,
    ],
    logger,
  );

  return {
    start: () => services.start(STOP_MS),
    drain: () =>
      drain({
        delayMs: settings.drainDelayMs,
        windowMs: settings.drainWindowMs,
        unready: () => node.health.drain(),
        sessions: {
          drain: async (windowMs) => {
            await Promise.all([sessions.drain(windowMs), streams.drain(windowMs)]);
          },
        },
        flushed: (withinMs) => node.flushed(withinMs),
        leave: () => node.leave(),
        log: logger,
      }),
    stop: () => services.stop(STOP_MS),
    get addresses() {
      return { public: front.url, admin: admin.url };
    },
  };
};
