import type { UserPrincipal } from '../../../../src/auth/principal.ts';
import type { Watcher } from '../../../../src/fanout/fanout.ts';
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
