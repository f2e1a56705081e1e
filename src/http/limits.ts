import type { IncomingMessage } from 'node:http';
import type { RateLimiter } from '../time/rate-limiter.ts';
import type { ClientAddresses } from './client-address.ts';
import { rateLimited } from './errors.ts';

/** Takes a token or refuses the request. @throws ProblemError `rate_limited` */
export const spend = (limiter: RateLimiter, key: string): void => {
  const waitMs = limiter.take(key);
  if (waitMs > 0) throw rateLimited(waitMs);
};

/** Counts requests by address, whatever they ask for. @throws ProblemError `rate_limited` */
export type AddressLimit = (request: IncomingMessage) => void;

/** One limiter for everything but WebSockets: calls, preflights, documentation and unknown paths. */
export const limitByAddress =
  (limiter: RateLimiter, addresses: ClientAddresses): AddressLimit =>
  (request) =>
    spend(limiter, addresses.keyOf(request));
