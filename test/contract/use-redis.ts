import { afterAll, beforeAll } from 'vitest';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { SharedRedis } from '../support/shared-redis.ts';

/** A Redis for the tests of one file: one's own where there is a binary, else the one the run was given. */
export const useRedis = (): { readonly url: () => string } => {
  let server: RedisServer | SharedRedis | undefined;
  beforeAll(async () => {
    server = hasRedisBinary ? await RedisServer.start() : new SharedRedis();
  });
  afterAll(async () => {
    await server?.stop();
  });
  return {
    url: () => {
      if (!server) throw new Error('redis is not started yet');
      return server.url;
    },
  };
};
