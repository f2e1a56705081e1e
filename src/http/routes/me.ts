import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { parseStatusFields } from '../../protocol/status-fields.ts';
import { answer, noContent, problems } from '../answers.ts';
import { permit } from '../auth.ts';
import { MeSchema, named, OwnStatusSchema } from '../schemas.ts';
import type { RouteDeps } from './deps.ts';
import { meOf, selfOf } from './own.ts';

const common = { tags: ['me'], security: [{ bearer: ['connect'] }] };

/** One's own presence, without a socket. */
export const meRoutes: FastifyPluginCallbackTypebox<RouteDeps> = (app, { store, clock, silence }, done) => {
  app.addHook('onRequest', permit('connect'));

  app.get(
    '/me',
    {
      schema: {
        ...common,
        operationId: 'getMe',
        summary: 'One’s own presence',
        description:
          'Needs the scope `connect`. Also shows whether one is invisible, and the status one has set.',
        response: { 200: answer('One’s own presence.', named(MeSchema)), ...problems() },
      },
    },
    async (request) => meOf(await store.views.readSelf(selfOf(request))),
  );

  app.put(
    '/me/status',
    {
      schema: {
        ...common,
        operationId: 'setMyStatus',
        summary: 'Set one’s own status',
        description:
          'Needs the scope `connect`. Counts while one is present at all; stays until cleared, or until `until`.',
        body: OwnStatusSchema,
        response: { 200: answer('Stored: one’s own presence now.', named(MeSchema)), ...problems(413) },
      },
    },
    async (request) => {
      const self = selfOf(request);
      const claim = parseStatusFields(request.body, clock.wall());
      if (claim.status === 'invisible') silence(self);
      return meOf(await store.people.claimOwn(self, claim));
    },
  );

  app.delete(
    '/me/status',
    {
      schema: {
        ...common,
        operationId: 'clearMyStatus',
        summary: 'Clear one’s own status',
        description: 'Needs the scope `connect`. Also when none was set.',
        response: { 204: noContent('Cleared.'), ...problems(413) },
      },
    },
    async (request, reply) => {
      await store.people.claimOwn(selfOf(request), { status: null });
      return reply.code(204).send(null);
    },
  );
  done();
};
