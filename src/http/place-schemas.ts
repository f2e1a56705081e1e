import { Type } from 'typebox';
import { anyObject, idSchema, time, UserIdSchema } from '../protocol/presence-schema.ts';

/** A place in a path or a body. */
export const PlaceIdSchema = idSchema('a place id', 'a document, board or room: ', 'doc:7');

const data = anyObject('what the user says of themselves there; as they sent it');

export const PLACE_MEMBER = {
  user: 'alice',
  name: 'Alice Liddell',
  data: { color: '#c33' },
  since: '2026-11-21T09:30:00.000Z',
  ver: 1_795_253_400_000_000,
};

export const PlaceMemberSchema = Type.Object(
  {
    user: UserIdSchema,
    name: Type.Optional(Type.String()),
    data: Type.Optional(data),
    since: Type.Optional(time('when they were last seen to come; as `LAST_SEEN` allows')),
    ver: Type.Integer({ description: 'rises with every change of a user in a place' }),
  },
  {
    $id: 'PlaceMember',
    description: 'A user in a place, as others see them.',
    examples: [PLACE_MEMBER],
  },
);

/** Body of `PUT …/sessions/{id}/places/{place}`. */
export const StayRequestSchema = Type.Object(
  {
    data: Type.Optional(anyObject('of at most 1 KiB as JSON: everybody there is sent it; absent: none')),
  },
  { additionalProperties: false, examples: [{ data: { color: '#c33' } }] },
);

export const StaySchema = Type.Object(
  {
    place: Type.String(),
    data: Type.Optional(data),
    places: Type.Array(Type.String(), { description: 'all places of the session' }),
  },
  {
    $id: 'Stay',
    description: 'A session in a place.',
    examples: [{ place: 'doc:7', data: { color: '#c33' }, places: ['doc:7'] }],
  },
);
