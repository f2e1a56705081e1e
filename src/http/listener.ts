import type { FastifyInstance } from 'fastify';
import { ConfigError } from '../config/config-error.ts';

/** A server and where it listens: started and stopped like every other part. */
export interface Listener {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** `http://host:port`, with the port that was chosen when 0 was asked for; empty while not listening. */
  readonly url: string;
}

/** Grace period for in-flight responses on close, ms: streams would never end by themselves. */
const LAST_ANSWERS_MS = 1000;

/** Where a server listens, and which settings say so. */
export interface Place {
  readonly port: number;
  readonly host: string;
  readonly settings: { readonly port: string; readonly host: string };
}

/** The configuration error of an address that cannot be bound. */
const faultOf = (code: string | undefined, { port, host, settings }: Place): ConfigError | undefined => {
  if (code === 'EADDRNOTAVAIL')
    return new ConfigError(settings.host, `is no address of this machine: ${host}`);
  if (code === 'ENOTFOUND')
    return new ConfigError(settings.host, `is a host name that cannot be resolved: ${host}`);
  if (code === 'EACCES')
    return new ConfigError(settings.port, `is a port that this user may not listen on: ${port}`);
  if (code === 'EADDRINUSE')
    return new ConfigError(
      settings.port,
      `is a port that another process listens on: ${port}. Stop that process, or choose another port`,
    );
  return undefined;
};

export const listenOn = (name: string, server: FastifyInstance, place: Place): Listener => ({
  name,
  /** @throws ConfigError when the address cannot be bound. */
  start: async () => {
    try {
      await server.listen({ port: place.port, host: place.host });
    } catch (error) {
      throw faultOf((error as NodeJS.ErrnoException).code, place) ?? error;
    }
  },
  stop: async () => {
    const cutOff = setTimeout(() => server.server.closeAllConnections(), LAST_ANSWERS_MS);
    await server.close();
    clearTimeout(cutOff);
  },
  get url() {
    const address = server.server.address();
    if (address === null || typeof address === 'string') return '';
    return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  },
});
