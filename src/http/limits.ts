import type { FastifyRequest } from 'fastify';
import { addressKey } from './address.ts';
import { rateLimited } from './errors.ts';
import type { RateLimiter } from './rate-limit.ts';

/** Takes a token or refuses the request. @throws ProblemError `rate_limited` */
export const spend = (limiter: RateLimiter, key: string): void => {
  const waitMs = limiter.take(key);
  if (waitMs > 0) throw rateLimited(waitMs);
};

/** A hook that refuses what comes too fast from one address. */
export type AddressHook = (request: FastifyRequest) => Promise<void>;

/** One limiter for all that is not an upgrade: calls, documentation and paths that lead nowhere. */
export const limitByAddress =
  (limiter: RateLimiter): AddressHook =>
  async (request) =>
    spend(limiter, addressKey(request.ip));
