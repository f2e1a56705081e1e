import type { Server } from 'node:http';
import type { Logger } from 'pino';
import type { Settings } from '../config/settings.ts';
import type { Metrics } from '../observability/metrics.ts';
import { ClientAddresses } from './client-address.ts';
import { HttpConnections } from './connections.ts';

/** What everything on the public side shares: the client's address, and the number of connections. */
export interface Front {
  readonly addresses: ClientAddresses;
  readonly connections: HttpConnections;
  /** Checks every connection of a server. */
  watch(server: Server): void;
}

export const createFront = (
  { trustProxy, maxHttpConnections }: Pick<Settings, 'trustProxy' | 'maxHttpConnections'>,
  log: Pick<Logger, 'warn'>,
  metrics: Pick<Metrics, 'httpConnections' | 'httpEvictions'>,
): Front => {
  const addresses = new ClientAddresses(trustProxy, log);
  const connections = new HttpConnections(maxHttpConnections, metrics);
  return {
    addresses,
    connections,
    watch: (server) => connections.watch(server, (socket) => addresses.opened(socket)),
  };
};
