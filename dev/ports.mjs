import { createServer } from 'node:net';

const ATTEMPTS = 100;

const isFree = (port, host) =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });

/**
 * Hands out each port once: the wanted one, or the next above it that nobody listens on. Searching upward from a known
 * number keeps addresses the same from one start to the next.
 */
export const portPicker = (host = '127.0.0.1') => {
  const given = new Set();
  return async (wanted, what) => {
    for (let port = wanted; port < Math.min(wanted + ATTEMPTS, 65_536); port++) {
      if (given.has(port) || !(await isFree(port, host))) continue;
      given.add(port);
      if (port !== wanted && !given.has(wanted))
        console.log(`Port ${wanted} is taken: ${what} uses ${port}.`);
      return port;
    }
    throw new Error(`no free port between ${wanted} and ${wanted + ATTEMPTS} for ${what}`);
  };
};
