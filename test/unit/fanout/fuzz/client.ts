import type { UserPrincipal } from '../../../../src/auth/principal.ts';
import type { Tuning } from '../../../../src/fanout/context.ts';
import type { Fanout, Watcher } from '../../../../src/fanout/fanout.ts';
import type { SessionSettings } from '../../../../src/session/host.ts';
import type { Oracle } from './oracle.ts';
import type { FakeSocket } from './socket.ts';
import type { Rights } from './told.ts';
import type { Own } from './truth.ts';

/** One connection of the world, and what judges it. */
export interface Client {
  readonly ws: FakeSocket;
  readonly oracle: Oracle;
  principal: UserPrincipal;
  own: Own | undefined;
  watcher: Watcher | undefined;
  open: boolean;
}

export const SETTINGS: SessionSettings = {
  redisCommandTimeoutMs: 2000,
  drainGraceMs: 15_000,
  idleAwayMs: 0,
  pingIntervalMs: 1_000_000,
  pingTimeoutMs: 1_000_000,
  authTimeoutMs: 5000,
  maxConnectionsPerUser: 50,
  maxUnauthenticated: 1000,
  maxUnauthenticatedPerAddress: 1000,
  frameRate: 100_000,
  frameBurst: 100_000,
  watchPolicy: 'tenant',
  offlineGraceMs: 5000,
  maxFrameBytes: 16_384,
  maxWatches: 5000,
  maxPlacesPerConnection: 16,
  placePolicy: 'tenant',
};

export const rightsOf = ({ scopes }: UserPrincipal, own: Own | undefined): Rights => ({
  users: scopes.has('watch') || scopes.has('watch:tenant'),
  everyone: scopes.has('watch:tenant'),
  groups: own?.groups ?? [],
});

export const frameOf = ({
  users,
  groups,
  tenant,
}: {
  users: string[];
  groups: string[];
  tenant: boolean;
}): object => ({
  ...(users.length > 0 && { users }),
  ...(groups.length > 0 && { groups }),
  ...(tenant && { tenant }),
});

/** Small sizes, so that few people and frames make what takes many otherwise. */
const TUNING: Partial<Tuning> = {
  resyncJitterMs: 0,
  frameUsers: 2,
  bufferLimit: 0,
  retryMinMs: 10,
  retryMaxMs: 50,
  resyncBatch: 2,
};

export const FANOUT = {
  settings: { maxWatches: 5000, maxNodeWatches: 100_000, tenantWatchMax: 5000, placeWatchMax: 5000 },
  tuning: TUNING,
  /** The footprint of a node on which no connection watches. */
  idle: JSON.stringify({ watches: 0, views: 0, tenants: 0, waiting: 0 }),
} as const;

/** Lets the world see the watcher that a session makes for the frame of a client. */
export const seen = (fanout: Fanout, made: (watcher: Watcher) => void): Fanout => ({
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
  cached: (tenant, user) => fanout.cached(tenant, user),
  watcher: (tenant, sink, viewer) => {
    const watcher = fanout.watcher(tenant, sink, viewer);
    made(watcher);
    return watcher;
  },
});
