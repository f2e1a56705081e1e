import { afterAll, beforeAll } from 'vitest';
import { hasRedisBinary, type RedisServer } from '../support/redis-server.ts';
import { SharedRedis } from '../support/shared-redis.ts';
import { startTopology } from '../support/topologies/chosen-topology.ts';
import type { RedisTopology } from '../support/topologies/redis-topology.ts';

/** A Redis for the tests of one file: one's own where there is a binary, else the one the run was given. */
export const useRedis = (): { readonly url: () => string } => {
  let server: RedisServer | RedisTopology | SharedRedis | undefined;
  beforeAll(async () => {
    server = hasRedisBinary ? await startTopology() : new SharedRedis();
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
