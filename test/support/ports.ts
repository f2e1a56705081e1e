import { createServer } from 'node:net';

/**
 * Ports are taken from below the kernel's ephemeral range (32768 and up on Linux). A port inside it can be lost to any
 * outgoing connection while its server is down, and a client that keeps dialling a dead local port in that range sooner
 * or later connects to itself: both would break tests that restart a server on its old port.
 */
const LOWEST = 12_000;
const HIGHEST = 32_000;
const ATTEMPTS = 200;

const isFree = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });

/** What was handed out here, and may not be listened on yet. */
const given = new Set<number>();

/** A port nobody listens on right now. Random, so that test workers running side by side rarely meet. */
export const freePort = async (host = '127.0.0.1'): Promise<number> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port, host)) return port;
  }
  throw new Error(`no free port found between ${LOWEST} and ${HIGHEST} on ${host}`);
};
