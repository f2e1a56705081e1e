import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { namesPlace } from '../../domain/place-pattern.ts';
import { answer, noContent, problems } from '../answers.ts';
import { callerOf, permit } from '../auth.ts';
import { PlaceIdSchema, StayRequestSchema, StaySchema } from '../place-schemas.ts';
import { ProblemError } from '../problem.ts';
import { MeSchema, named, SessionRequestSchema, SessionSchema } from '../schemas.ts';
import type { RouteDeps } from './deps.ts';
import { meOf, profileOf, selfOf } from './own.ts';
import { placeOf } from './places.ts';
import { placeDataOf, SessionIdSchema, sessionIdOf, sessionRequestOf, stayOf } from './session-requests.ts';

const params = Type.Object({ id: SessionIdSchema });

/** Presence without a socket: push services, batch clients, thin devices. */
export const sessionRoutes: FastifyPluginCallbackTypebox<RouteDeps> = (app, { store, placePolicy }, done) => {
  const common = { tags: ['me'], security: [{ bearer: ['connect'] }] };
  app.addHook('onRequest', permit('connect'));

  const mayEnter = (request: FastifyRequest, place: string): boolean =>
    placePolicy === 'tenant' || namesPlace(callerOf(request).places ?? [], place);

  /** The places of a session. Those that the token of this call opens no more are left. */
  const placesOf = async (request: FastifyRequest, id: string): Promise<readonly string[]> => {
    const self = selfOf(request);
    const places = await store.places.ofSession(self, id);
    const closed = places.filter((place) => !mayEnter(request, place));
    await Promise.all(closed.map((place) => store.places.leave(self, id, place)));
    return places.filter((place) => !closed.includes(place));
  };

  app.put(
    '/sessions/:id',
    {
      schema: {
        ...common,
        operationId: 'keepSession',
        summary: 'Be present without a socket',
        description:
          'Needs the scope `connect`. Begins a session or prolongs it; it runs out without grace. The first call is activity, later ones only with `activity: "active"`. At most 16 a user. Answers with the places of the session: after a loss of data they are empty, and to be entered again.',
        params,
        body: SessionRequestSchema,
        response: { 200: answer('Present.', named(SessionSchema)), ...problems(409, 413) },
      },
    },
    async (request) => {
      const id = sessionIdOf(request.params.id);
      const { ttlSeconds, device = 'web' } = request.body;
      const self = await store.people.keepSession(
        selfOf(request),
        id,
        sessionRequestOf(request.body),
        profileOf(request),
      );
      return { id, ttlSeconds, device, presence: meOf(self), places: await placesOf(request, id) };
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
      await store.people.endSession(selfOf(request), sessionIdOf(request.params.id));
      return reply.code(204).send(null);
    },
  );

  const stay = Type.Object({ id: SessionIdSchema, place: PlaceIdSchema });
  app.put(
    '/sessions/:id/places/:place',
    {
      preValidation: async (request) => {
        request.body ??= {};
      },
      schema: {
        ...common,
        operationId: 'enterPlace',
        summary: 'Be in a place without a socket',
        description:
          'Needs the scope `connect`, and with `PLACE_POLICY=token` a token whose `places` name the place. Enters it, or says other data there; without `data` there is none any more. Ends with the session.',
        params: stay,
        body: StayRequestSchema,
        response: { 200: answer('Stored.', named(StaySchema)), ...problems(404, 409, 413) },
      },
    },
    async (request) => {
      const id = sessionIdOf(request.params.id);
      const place = placeOf(request.params.place);
      const self = selfOf(request);
      if (!mayEnter(request, place))
        throw new ProblemError(403, 'forbidden', 'The token does not name this place.');
      const data = placeDataOf(request.body);
      return stayOf(place, data, await store.places.enter(self, id, place, data, profileOf(request)));
    },
  );

  app.delete(
    '/sessions/:id/places/:place',
    {
      schema: {
        ...common,
        operationId: 'leavePlace',
        summary: 'Leave a place',
        description: 'Needs the scope `connect`. Also when the session is not in it.',
        params: stay,
        response: { 204: noContent('Left.'), ...problems(413) },
      },
    },
    async (request, reply) => {
      const place = placeOf(request.params.place);
      await store.places.leave(selfOf(request), sessionIdOf(request.params.id), place);
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
