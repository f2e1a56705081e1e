import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { isGroupId, MAX_GROUPS } from '../../domain/ids.ts';
import { answer, problems } from '../answers.ts';
import { permit, tenantOf } from '../auth.ts';
import { invalid } from '../errors.ts';
import { GroupIdSchema, TenantQuery, UserIdSchema } from '../schemas.ts';
import type { RouteDeps } from './deps.ts';
import { refOf } from './user-ref.ts';

const groups = Type.Array(GroupIdSchema, { maxItems: MAX_GROUPS });

/** What a backend says of the groups of its users, beside what their tokens say. */
export const groupRoutes: FastifyPluginCallbackTypebox<RouteDeps> = (app, { store }, done) => {
  app.put(
    '/users/:id/groups',
    {
      onRequest: permit('write'),
      schema: {
        operationId: 'setGroups',
        summary: 'Set the groups of a user',
        description:
          'Needs the scope `write`. The user is in these groups and in no others from now on, also while they are offline: a user who left and never signs in again is a member no more, and watchers of the groups learn it at once. Of this call and the tokens of the user the newest word counts; the call counts as a token issued 5 s from now, so that those issued before it change nothing.',
        tags: ['presence'],
        security: [{ bearer: ['write'] }],
        params: Type.Object({ id: UserIdSchema }),
        querystring: TenantQuery,
        body: Type.Object({ groups }, { additionalProperties: false, examples: [{ groups: ['team-7'] }] }),
        response: {
          200: answer('Stored.', Type.Object({ groups }, { examples: [{ groups: ['team-7'] }] })),
          ...problems(413),
        },
      },
    },
    async (request) => {
      const asked = request.body.groups;
      const wrong = asked.findIndex((id) => !isGroupId(id));
      if (wrong >= 0) throw invalid(`body.groups[${wrong}] is not a group id`);
      const unique = [...new Set(asked)];
      await store.people.regroup(refOf(tenantOf(request), request.params.id), unique);
      return { groups: unique };
    },
  );
  done();
};
