import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { isPlaceId } from '../../domain/ids.ts';
import type { PlaceMember } from '../../domain/place.ts';
import { isoTime } from '../../protocol/presence.ts';
import { answer, noContent, problems } from '../answers.ts';
import { permit, tenantOf } from '../auth.ts';
import { invalid } from '../errors.ts';
import { PAGE, PAGING } from '../paging.ts';
import { PLACE_MEMBER, PlaceIdSchema, PlaceMemberSchema } from '../place-schemas.ts';
import { named, query, TENANT, TenantQuery, UserIdSchema } from '../schemas.ts';
import type { RouteDeps } from './deps.ts';
import { refOf } from './user-ref.ts';

/** Places one call may count. */
const MAX_COUNTED = 200;

const PUT_OUT =
  'They get `gone` with the place, others `left` (`revoked`). Stamped like a logout: a connection or session that entered up to now is in no more, whichever node reports it. To enter afterwards they need a token issued later, by the rules of `revoke`.';

/** @throws ProblemError `invalid` */
export const placeOf = (place: string): string => {
  if (isPlaceId(place)) return place;
  throw invalid('path.place is not a place id');
};

const memberOf = ({ user, name, data, since, ver }: PlaceMember) => ({
  user,
  ...(name !== undefined && { name }),
  ...(data !== undefined && { data: JSON.parse(data) as object }),
  ...(since > 0 && { since: isoTime(since) }),
  ver,
});

/** Who is in a place, for services; and who is to be in it no more. */
export const placeRoutes: FastifyPluginCallbackTypebox<RouteDeps> = (app, { store }, done) => {
  const reads = { tags: ['places'], security: [{ bearer: ['read'] }] };
  const params = Type.Object({ place: PlaceIdSchema });

  app.get(
    '/places/:place',
    {
      onRequest: permit('read'),
      schema: {
        ...reads,
        operationId: 'getPlace',
        summary: 'Who is in a place, in pages',
        description:
          'Needs the scope `read`. Pages are stable: a user who stays is on exactly one of them. The last one has no `cursor`. `total` is of everybody who is seen there. Who others see offline is in no place.',
        params,
        querystring: query({
          tenant: TENANT,
          ...PAGING,
        }),
        response: {
          200: answer(
            'One page; without `cursor` it is the last.',
            Type.Object(
              {
                users: Type.Array(named(PlaceMemberSchema)),
                total: Type.Integer({ minimum: 0 }),
                cursor: Type.Optional(Type.String({ description: 'opaque' })),
              },
              { examples: [{ users: [PLACE_MEMBER], total: 1 }] },
            ),
          ),
          ...problems(),
        },
      },
    },
    async (request) => {
      const { limit = PAGE.default, cursor } = request.query;
      const page = await store.places.page(tenantOf(request), placeOf(request.params.place), limit, cursor);
      return {
        users: page.users.map(memberOf),
        total: page.total,
        ...(page.cursor !== undefined && { cursor: page.cursor }),
      };
    },
  );

  app.post(
    '/places/counts',
    {
      onRequest: permit('read'),
      schema: {
        ...reads,
        operationId: 'countPlaces',
        summary: 'How many are in some places',
        description: 'Needs the scope `read`. Answers in the order asked.',
        querystring: TenantQuery,
        body: Type.Object(
          { places: Type.Array(PlaceIdSchema, { maxItems: MAX_COUNTED }) },
          { additionalProperties: false, examples: [{ places: ['doc:7', 'doc:8'] }] },
        ),
        response: {
          200: answer(
            'The numbers.',
            Type.Object(
              { counts: Type.Array(Type.Integer({ minimum: 0 })) },
              { examples: [{ counts: [12, 0] }] },
            ),
          ),
          ...problems(413),
        },
      },
    },
    async (request) => {
      const { places } = request.body;
      const wrong = places.findIndex((place) => !isPlaceId(place));
      if (wrong >= 0) throw invalid(`body.places[${wrong}] is not a place id`);
      return { counts: await store.places.counts(tenantOf(request), places) };
    },
  );

  app.get(
    '/presence/users/:id/places',
    {
      onRequest: permit('read'),
      schema: {
        ...reads,
        operationId: 'getPlacesOfUser',
        summary: 'Where a user is',
        description:
          'Needs the scope `read`. The places in which others see the user, in the order in which they came.',
        params: Type.Object({ id: UserIdSchema }),
        querystring: TenantQuery,
        response: {
          200: answer(
            'Where they are.',
            Type.Object({ places: Type.Array(Type.String()) }, { examples: [{ places: ['doc:7'] }] }),
          ),
          ...problems(),
        },
      },
    },
    async (request) => ({
      places: await store.places.of(refOf(tenantOf(request), request.params.id)),
    }),
  );

  const writes = { tags: ['places'], security: [{ bearer: ['write'] }], querystring: TenantQuery };
  app.delete(
    '/places/:place',
    {
      onRequest: permit('write'),
      schema: {
        ...writes,
        operationId: 'emptyPlace',
        summary: 'Put everybody out of a place',
        description: `Needs the scope \`write\`. ${PUT_OUT}`,
        params,
        response: { 204: noContent('No user who was there is in it any more.'), ...problems(413) },
      },
    },
    async (request, reply) => {
      await store.places.putOut(tenantOf(request), placeOf(request.params.place));
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/places/:place/users/:id',
    {
      onRequest: permit('write'),
      schema: {
        ...writes,
        operationId: 'putOutOfPlace',
        summary: 'Put a user out of a place',
        description: `Needs the scope \`write\`. Also when they are not there. ${PUT_OUT}`,
        params: Type.Object({ place: PlaceIdSchema, id: UserIdSchema }),
        response: { 204: noContent('They are in it no more.'), ...problems(413) },
      },
    },
    async (request, reply) => {
      const { tenant, user } = refOf(tenantOf(request), request.params.id);
      await store.places.putOut(tenant, placeOf(request.params.place), user);
      return reply.code(204).send(null);
    },
  );
  done();
};
