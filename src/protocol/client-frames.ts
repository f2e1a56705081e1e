import Type, { type Static, type TSchema } from 'typebox';
import { isGroupId, isPlaceId, isUserId } from '../domain/ids.ts';

/** Longest `ref`, in characters. */
const MAX_REF = 64;

/** A string never has fewer units than characters: the cheap test first keeps a long one from being counted. */
export const isRef = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 2 * MAX_REF && [...value].length <= MAX_REF;

const Ref = Type.Optional(
  Type.Refine(
    Type.String({ description: 'Repeated in the answer.' }),
    isRef,
    () => `must have at most ${MAX_REF} characters`,
  ),
);

const ID_RULE = 'must be an id: 1 to 128 bytes of UTF-8 without control characters';
const UserId = Type.Refine(Type.String(), isUserId, () => ID_RULE);
const GroupId = Type.Refine(Type.String(), isGroupId, () => ID_RULE);
const PlaceId = Type.Refine(Type.String(), isPlaceId, () => ID_RULE);

/** Members of a place that a watch with `top` may name. */
const MAX_TOP = 100;

/** Unknown fields are ignored everywhere: a newer client may say more than this version understands. */
const frame = <Name extends string, Fields extends Record<string, TSchema>>(type: Name, fields: Fields) =>
  Type.Object({ type: Type.Literal(type), ref: Ref, ...fields });

const watched = {
  users: Type.Optional(Type.Array(UserId, { minItems: 1 })),
  groups: Type.Optional(Type.Array(GroupId, { minItems: 1 })),
  places: Type.Optional(Type.Array(PlaceId, { minItems: 1 })),
  tenant: Type.Optional(Type.Literal(true)),
  count: Type.Optional(
    Type.Literal(true, { description: 'Numbers instead of people, of groups, places or the tenant.' }),
  ),
};

/** Every frame a client may send, by its `type`: the one source of what is accepted. */
export const CLIENT_FRAMES = {
  auth: frame('auth', {
    token: Type.String({ minLength: 1 }),
    activity: Type.Optional(Type.Enum(['active', 'idle'])),
  }),
  watch: frame('watch', {
    ...watched,
    top: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_TOP,
        description: 'Of places only so many, those who are there longest, and how many there are.',
      }),
    ),
  }),
  unwatch: frame('unwatch', watched),
  activity: frame('activity', { state: Type.Enum(['active', 'idle']) }),
  /** What stands in the fields is read by `parseStatusFields`, because HTTP takes the same ones. */
  status: frame('status', {
    status: Type.Unknown(),
    text: Type.Optional(Type.Unknown()),
    emoji: Type.Optional(Type.Unknown()),
    until: Type.Optional(Type.Unknown()),
  }),
  /** Read by `parseNoteFields`. */
  note: frame('note', {
    text: Type.Optional(Type.Unknown()),
    emoji: Type.Optional(Type.Unknown()),
    until: Type.Optional(Type.Unknown()),
  }),
  /** `data` is read by `parsePlaceData`, because HTTP takes the same. */
  enter: frame('enter', { place: PlaceId, data: Type.Optional(Type.Unknown()) }),
  leave: frame('leave', { place: PlaceId }),
  typing: frame('typing', {
    to: Type.Union([
      Type.Object({ user: UserId }),
      Type.Object({ group: GroupId }),
      Type.Object({ place: PlaceId }),
    ]),
    on: Type.Boolean(),
  }),
  ping: frame('ping', {}),
  bye: frame('bye', {}),
} as const;

export type FrameType = keyof typeof CLIENT_FRAMES;
export const FRAME_TYPES = Object.keys(CLIENT_FRAMES) as readonly FrameType[];

type Shape<Name extends FrameType> = Static<(typeof CLIENT_FRAMES)[Name]>;

export type AuthFrame = Shape<'auth'>;
export type WatchFrame = Shape<'watch'>;
export type UnwatchFrame = Shape<'unwatch'>;
export type ActivityFrame = Shape<'activity'>;
export type LeaveFrame = Shape<'leave'>;
export type TypingFrame = Shape<'typing'>;
export type PingFrame = Shape<'ping'>;
export type ByeFrame = Shape<'bye'>;
