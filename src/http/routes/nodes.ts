import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { isoTime } from '../../protocol/presence.ts';
import { answer, problems } from '../answers.ts';
import { permitEverywhere } from '../auth.ts';
import { NodeSchema, named } from '../schemas.ts';
import type { RouteDeps } from './deps.ts';

/** Who is in the cluster: for operators, never for tenants. */
export const nodeRoutes: FastifyPluginCallbackTypebox<RouteDeps> = (app, { nodes, clock }, done) => {
  app.get(
    '/nodes',
    {
      onRequest: permitEverywhere('admin'),
      schema: {
        operationId: 'listNodes',
        summary: 'The processes of the cluster',
        description: 'Needs the scope `admin` and a token for every tenant.',
        tags: ['operations'],
        security: [{ bearer: ['admin'] }],
        response: {
          200: answer('Every node that is alive.', Type.Object({ nodes: Type.Array(named(NodeSchema)) })),
          ...problems(),
        },
      },
    },
    async () => {
      const alive = await nodes();
      return {
        nodes: alive.map(({ id, name, version, connections, users, startedAt, heartbeatAgo }) => ({
          id,
          name,
          version,
          connections,
          users,
          startedAt: isoTime(startedAt),
          lastHeartbeat: isoTime(clock.wall() - heartbeatAgo),
        })),
      };
    },
  );
  done();
};
