import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { UserRef } from '../../domain/model.ts';
import type { CallerProfile } from '../../store/port/people.ts';
import { answer, noContent, problems } from '../answers.ts';
import { permit, tenantOf } from '../auth.ts';
import { problemFor } from '../errors.ts';
import { PlaceIdSchema, StayRequestSchema, StaySchema } from '../place-schemas.ts';
import type { ProblemCode } from '../problem.ts';
import { HeldSessionRequestSchema, HeldSessionSchema, named, TenantQuery, UserIdSchema } from '../schemas.ts';
import type { RouteDeps } from './deps.ts';
import { placeOf } from './places.ts';
import { placeDataOf, SessionIdSchema, sessionIdOf, sessionRequestOf, stayOf } from './session-requests.ts';
import { refOf } from './user-ref.ts';

/** Sessions one call may renew. */
const MAX_RENEWED = 500;
/** 500 times two ids of 128 bytes and a name of 256 fit, with some white space. */
const BATCH_BODY_LIMIT = 1_048_576;
/** Of them, as many are asked of the store at once: one call must not fill its connection. */
const AT_ONCE = 32;
/** A call counts as a token issued so much later, as the groups of a backend do. */
const ISSUED_AHEAD_S = 5;

type Asked = Parameters<typeof sessionRequestOf>[0] & { readonly name?: string };

/** Sessions that services hold: for users whose devices they speak for, and for agents, who are users without a device. */
export const heldSessionRoutes: FastifyPluginCallbackTypebox<RouteDeps> = (app, { store, clock }, done) => {
  const common = { tags: ['sessions'], security: [{ bearer: ['write'] }], querystring: TenantQuery };
  const params = Type.Object({ id: UserIdSchema, sid: SessionIdSchema });
  app.addHook('onRequest', permit('write'));

  const profileOf = (name: string | undefined): CallerProfile => {
    const said = clock.wall() / 1000 + ISSUED_AHEAD_S;
    return { iat: name === undefined ? 0 : said, issued: said, ...(name !== undefined && { name }) };
  };
  const keep = async (ref: UserRef, id: string, asked: Asked): Promise<readonly string[]> => {
    await store.people.keepSession(ref, id, sessionRequestOf(asked), profileOf(asked.name));
    return store.places.ofSession(ref, id);
  };

  app.put(
    '/presence/users/:id/sessions/:sid',
    {
      schema: {
        ...common,
        operationId: 'holdSession',
        summary: 'Hold a session for a user',
        description:
          'Needs the scope `write`. Begins a session of the user or prolongs it, as the user could; it runs out without grace. An agent is a user whose sessions a service holds: `device` `agent`, and a `name` for others to see. `name` is a word as of now about the user, beside those of tokens. Answers with the places of the session: after a loss of data they are empty, and to be entered again.',
        params,
        body: HeldSessionRequestSchema,
        response: { 200: answer('Held.', named(HeldSessionSchema)), ...problems(409, 413) },
      },
    },
    async (request) => {
      const ref = refOf(tenantOf(request), request.params.id);
      const id = sessionIdOf(request.params.sid, 'path.sid');
      const { ttlSeconds, device = 'web', name } = request.body;
      const places = await keep(ref, id, request.body);
      return { id, ttlSeconds, device, ...(name !== undefined && { name }), places };
    },
  );

  app.delete(
    '/presence/users/:id/sessions/:sid',
    {
      schema: {
        ...common,
        operationId: 'dropSession',
        summary: 'End a session of a user',
        description: 'Needs the scope `write`. A goodbye of this session; also when there is none.',
        params,
        response: { 204: noContent('Ended.'), ...problems(413) },
      },
    },
    async (request, reply) => {
      const ref = refOf(tenantOf(request), request.params.id);
      await store.people.endSession(ref, sessionIdOf(request.params.sid, 'path.sid'));
      return reply.code(204).send(null);
    },
  );

  const stay = Type.Object({ id: UserIdSchema, sid: SessionIdSchema, place: PlaceIdSchema });
  app.put(
    '/presence/users/:id/sessions/:sid/places/:place',
    {
      preValidation: async (request) => {
        request.body ??= {};
      },
      schema: {
        ...common,
        operationId: 'enterPlaceFor',
        summary: 'Be in a place by a session of a user',
        description:
          'Needs the scope `write`; `PLACE_POLICY` does not bind it. Enters the place, or says other data there; without `data` there is none any more. Ends with the session.',
        params: stay,
        body: StayRequestSchema,
        response: { 200: answer('Stored.', named(StaySchema)), ...problems(404, 409, 413) },
      },
    },
    async (request) => {
      const ref = refOf(tenantOf(request), request.params.id);
      const id = sessionIdOf(request.params.sid, 'path.sid');
      const place = placeOf(request.params.place);
      const data = placeDataOf(request.body);
      return stayOf(place, data, await store.places.enter(ref, id, place, data, profileOf(undefined)));
    },
  );

  app.delete(
    '/presence/users/:id/sessions/:sid/places/:place',
    {
      schema: {
        ...common,
        operationId: 'leavePlaceFor',
        summary: 'Leave a place by a session of a user',
        description: 'Needs the scope `write`. Also when the session is not in it.',
        params: stay,
        response: { 204: noContent('Left.'), ...problems(413) },
      },
    },
    async (request, reply) => {
      const ref = refOf(tenantOf(request), request.params.id);
      const id = sessionIdOf(request.params.sid, 'path.sid');
      await store.places.leave(ref, id, placeOf(request.params.place));
      return reply.code(204).send(null);
    },
  );

  /** What happened to one of many: the others are not to fail with it. */
  const renew = async (ref: UserRef, id: string, asked: Asked) => {
    const of = { user: ref.user, id };
    try {
      return { ...of, places: await keep(ref, id, asked) };
    } catch (error) {
      const code: ProblemCode = problemFor(error)?.code ?? 'internal';
      if (code === 'internal') app.log.error({ err: error }, 'a session of many could not be renewed');
      return { ...of, code };
    }
  };

  const renewal = Type.Object(
    { user: UserIdSchema, id: SessionIdSchema, ...HeldSessionRequestSchema.properties },
    { additionalProperties: false },
  );
  app.post(
    '/sessions/batch',
    {
      bodyLimit: BATCH_BODY_LIMIT,
      schema: {
        ...common,
        operationId: 'renewSessions',
        summary: 'Renew many sessions',
        description:
          'Needs the scope `write`. Each as with `PUT /v1/presence/users/{id}/sessions/{sid}`. Answers in the order asked what happened to each: its `places`, or the `code` of the problem for which it was not renewed.',
        body: Type.Object(
          { sessions: Type.Array(renewal, { maxItems: MAX_RENEWED }) },
          {
            additionalProperties: false,
            examples: [{ sessions: [{ user: 'summariser', id: 'doc-7', ttlSeconds: 60, device: 'agent' }] }],
          },
        ),
        response: {
          200: answer(
            'What happened to each.',
            Type.Object(
              {
                sessions: Type.Array(
                  Type.Object({
                    user: Type.String(),
                    id: Type.String(),
                    places: Type.Optional(Type.Array(Type.String())),
                    code: Type.Optional(
                      Type.String({ description: 'why it was not renewed, as in a problem' }),
                    ),
                  }),
                ),
              },
              { examples: [{ sessions: [{ user: 'summariser', id: 'doc-7', places: ['doc:7'] }] }] },
            ),
          ),
          ...problems(413),
        },
      },
    },
    async (request) => {
      const tenant = tenantOf(request);
      const asked = request.body.sessions.map((session, i) => {
        const id = sessionIdOf(session.id, `body.sessions[${i}].id`);
        return { ref: refOf(tenant, session.user, `body.sessions[${i}].user`), id, session };
      });
      const sessions: object[] = [];
      for (let at = 0; at < asked.length; at += AT_ONCE) {
        const some = asked.slice(at, at + AT_ONCE);
        sessions.push(...(await Promise.all(some.map(({ ref, id, session }) => renew(ref, id, session)))));
      }
      return { sessions };
    },
  );
  done();
};
