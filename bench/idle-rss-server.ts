import { Capacity } from '../src/time/capacity.ts';
/** The server side of `idle-rss.ts`: prints nothing, answers its parent. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { WebSocketServer } from 'ws';
import type { Principal } from '../src/auth/principal.ts';
import { FairTurns } from '../src/fanout/fair-turns.ts';
import { createFront } from '../src/http/front.ts';
import { registerWebSocket } from '../src/http/websocket.ts';
import type { Membership } from '../src/node/membership.ts';
import { Observers } from '../src/node/observers.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { Sessions } from '../src/session/sessions.ts';
import { systemClock } from '../src/time/clock.ts';

export interface MemoryReport {
  readonly connections: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly cpuMs: number;
}

const [, , kind, pingIntervalMs] = process.argv;
const SCOPES: Principal['scopes'] = new Set(['connect', 'watch'] as const);

const bare = async (): Promise<[port: number, connections: () => number]> => {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  sockets.on('connection', (socket) => socket.on('message', () => undefined));
  setInterval(() => {
    for (const socket of sockets.clients) socket.ping();
  }, Number(pingIntervalMs)).unref();
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve));
  return [(http.address() as AddressInfo).port, () => sockets.clients.size];
};

const rollcall = async (): Promise<[port: number, connections: () => number]> => {
  const metrics = createMetrics();
  const authenticator = {
    // As a verified token would be: parsed, so that no two principals share a string.
    verify: async (token: string): Promise<Principal> => ({
      ...(JSON.parse(
        JSON.stringify({ tenant: 'default', user: `${token}-4a1f-8d2c-0123456789ab`, iat: 1 }),
      ) as {
        tenant: string;
        user: string;
        iat: number;
      }),
      exp: Math.floor(Date.now() / 1000) + 3600,
      scopes: SCOPES,
    }),
  };
  const membership: Membership = {
    join: async () => undefined,
    leave: () => undefined,
    observe: async () => undefined,
    unobserve: () => undefined,
    renewed: () => undefined,
    touched: () => undefined,
    claim: async () => undefined,
    note: async () => undefined,
    membersOf: () => [],
    selfOf: () => undefined,
    hiding: () => 'visible',
    users: 0,
    places: {
      enter: async () => undefined,
      exit: async () => undefined,
      withdraw: () => undefined,
      of: () => [],
      shows: () => false,
    },
  };
  const capacity = new Capacity(100_000);
  const sessions = new Sessions({
    turns: new FairTurns({
      now: () => performance.now(),
      onError: (error) => process.stderr.write(`${String(error)}\n`),
    }),
    settings: {
      redisCommandTimeoutMs: 2000,
      drainGraceMs: 15_000,
      idleAwayMs: 300_000,
      pingIntervalMs: Number(pingIntervalMs),
      pingTimeoutMs: 10_000,
      authTimeoutMs: 5000,
      maxConnectionsPerUser: 50,
      maxUnauthenticated: 1000,
      maxUnauthenticatedPerAddress: 1000,
      frameRate: 20,
      frameBurst: 60,
      watchPolicy: 'tenant',
      offlineGraceMs: 5000,
      maxFrameBytes: 16_384,
      maxWatches: 5000,
      maxPlacesPerConnection: 16,
      placePolicy: 'tenant',
    },
    authenticator,
    isRevoked: () => false,
    membership,
    capacity,
    observers: new Observers(membership),
    feed: { subscribe: () => () => undefined, signal: async () => undefined },
    fanout: {
      start: async () => undefined,
      stop: async () => undefined,
      watcher: () => {
        throw new Error('an idle connection watches nobody');
      },
      cached: () => undefined,
    },
    health: { degraded: false, ready: true, onDegraded: () => () => undefined },
    metrics,
    clock: { monotonic: () => performance.now(), wall: () => Date.now() },
    random: Math.random,
    log: { debug: () => undefined, error: () => undefined },
  });
  const app = Fastify() as unknown as FastifyInstance;
  const front = createFront(
    { trustProxy: false, maxHttpConnections: 100_000 },
    { warn: () => undefined },
    metrics,
  );
  front.watch(app.server);
  await registerWebSocket(app, {
    front,
    settings: { maxFrameBytes: 16_384, tokenInQuery: false, allowedOrigins: '*', upgradeRate: 0 },
    sessions,
    authenticator,
    metrics,
    overloaded: () => false,
    clock: systemClock,
  });
  sessions.start();
  await app.listen({ port: 0, host: '127.0.0.1' });
  return [(app.server.address() as AddressInfo).port, () => capacity.sockets];
};

const [port, connections] = await (kind === 'bare' ? bare() : rollcall());

process.on('message', () => {
  for (let i = 0; i < 5; i += 1) globalThis.gc?.();
  // A second turn: what finalizers let go of is only counted then.
  setTimeout(() => {
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    process.send?.({
      connections: connections(),
      rss,
      heapUsed,
      external,
      cpuMs: (user + system) / 1000,
    } satisfies MemoryReport);
  }, 500);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port });
