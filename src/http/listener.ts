import type { FastifyInstance } from 'fastify';

/** A server and where it listens: started and stopped like every other part. */
export interface Listener {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** `http://host:port`, with the port that was chosen when 0 was asked for; empty while not listening. */
  readonly url: string;
}

export const listenOn = (name: string, server: FastifyInstance, port: number, host: string): Listener => ({
  name,
  start: async () => {
    await server.listen({ port, host });
  },
  stop: async () => {
    await server.close();
  },
  get url() {
    const address = server.server.address();
    if (address === null || typeof address === 'string') return '';
    return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  },
});
