import type { FastifyInstance } from 'fastify';

/** A server and where it listens: started and stopped like every other part. */
export interface Listener {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** `http://host:port`, with the port that was chosen when 0 was asked for; empty while not listening. */
  readonly url: string;
}

/** How long answers that are under way may take when the server closes, ms: streams would never end by themselves. */
const LAST_ANSWERS_MS = 1000;

export const listenOn = (name: string, server: FastifyInstance, port: number, host: string): Listener => ({
  name,
  start: async () => {
    await server.listen({ port, host });
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
