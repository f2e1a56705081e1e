import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { isUserId } from '../../domain/ids.ts';
import { answer, noContent, problems } from '../answers.ts';
import { permit } from '../auth.ts';
import { invalid } from '../errors.ts';
import { idSchema, MeSchema, named, SessionRequestSchema, SessionSchema } from '../schemas.ts';
import type { RouteDeps } from './deps.ts';
import { meOf, profileOf, selfOf } from './own.ts';

const params = Type.Object({
  id: idSchema('a session id', 'any name for this presence of yours: ', 'phone-1'),
});

const idOf = (id: string): string => {
  // The same rules as for users: it stands in a path, and is kept.
  if (!isUserId(id)) throw invalid('path.id is not a session id');
  return id;
};

/** Presence without a socket: push services, batch clients, thin devices. */
export const sessionRoutes: FastifyPluginCallbackTypebox<RouteDeps> = (app, { store }, done) => {
  const common = { tags: ['me'], security: [{ bearer: ['connect'] }] };
  app.addHook('onRequest', permit('connect'));

  app.put(
    '/sessions/:id',
    {
      schema: {
        ...common,
        operationId: 'keepSession',
        summary: 'Be present without a socket',
        description:
          'Needs the scope `connect`. Begins a session or prolongs it; it runs out without grace. The first call is activity, later ones only with `activity: "active"`. At most 16 a user.',
        params,
        body: SessionRequestSchema,
        response: { 200: answer('Present.', named(SessionSchema)), ...problems(409, 413) },
      },
    },
    async (request) => {
      const id = idOf(request.params.id);
      const { ttlSeconds, activity, device = 'web' } = request.body;
      const self = await store.people.keepSession(
        selfOf(request),
        id,
        { ttlMs: ttlSeconds * 1000, device, ...(activity !== undefined && { activity }) },
        profileOf(request),
      );
      return { id, ttlSeconds, device, presence: meOf(self) };
    },
  );

  app.delete(
    '/sessions/:id',
    {
      schema: {
        ...common,
        operationId: 'endSession',
        summary: 'Say goodbye',
        description: 'Needs the scope `connect`. Ends the session at once; also when there is none.',
        params,
        response: { 204: noContent('Ended.'), ...problems(413) },
      },
    },
    async (request, reply) => {
      await store.people.endSession(selfOf(request), idOf(request.params.id));
      return reply.code(204).send(null);
    },
  );

  app.put(
    '/last-seen',
    {
      schema: {
        ...common,
        operationId: 'touchLastSeen',
        summary: 'Have been active now',
        description:
          'Needs the scope `connect`. Moves `lastSeen` of a user who only uses HTTP, and makes no user present.',
        response: { 200: answer('One’s own presence.', named(MeSchema)), ...problems(413) },
      },
    },
    async (request) => meOf(await store.people.touch(selfOf(request), profileOf(request))),
  );
  done();
};
