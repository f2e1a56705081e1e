import { type TSchema, Type } from 'typebox';
import { ERROR_CODES, type ErrorCode } from './codes.ts';
import {
  anyObject,
  claimFields,
  noteFields,
  PlaceIdSchema,
  PresenceSchema,
  StatusSchema,
  time,
  UserIdSchema,
} from './presence-schema.ts';

/** What the server sends may gain fields; a client ignores those it does not know. */
const frame = (type: string, description: string, fields: Record<string, TSchema>) =>
  Type.Object({ type: Type.Literal(type), ...fields }, { description });

const ref = Type.Optional(Type.String({ description: 'the one of the frame that this answers' }));
const ids = (description: string) => Type.Optional(Type.Array(Type.String(), { description }));
const flag = (description: string) => Type.Optional(Type.Literal(true, { description }));

const number = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }));

const placeVer = Type.Integer({
  minimum: 0,
  description:
    'rises with every change of this user in this place: drop what is not newer than what you hold',
});

const PlaceMemberSchema = Type.Object(
  {
    user: UserIdSchema,
    name: Type.Optional(Type.String({ description: 'display name' })),
    data: Type.Optional(anyObject('what they said of themselves here')),
    since: Type.Optional(time('when they were last seen to come, as `LAST_SEEN` allows')),
    ver: placeVer,
  },
  { description: 'a member of a place' },
);

const selfFields = {
  status: StatusSchema,
  invisible: flag('others see offline because the person wishes so'),
  claim: Type.Optional(Type.Object(claimFields, { description: 'the status the person has set' })),
  note: Type.Optional(Type.Object(noteFields, { description: 'what the person says of themselves' })),
};

/** Every frame a client may get, by its `type`. */
export const SERVER_FRAMES = {
  welcome: frame('welcome', 'Signed in, or renewed.', {
    user: UserIdSchema,
    tenant: Type.String(),
    expiresAt: time('when the token ends, and the connection with it unless it is renewed'),
    idleAfterMs: Type.Integer({
      minimum: 0,
      description: 'silence after which this device counts as idle; 0: never',
    }),
    pingIntervalMs: Type.Integer({ minimum: 0, description: 'how often the server pings' }),
    pingTimeoutMs: Type.Integer({
      minimum: 0,
      description: 'how long the server waits for a sign of life after a ping',
    }),
    graceMs: Type.Integer({
      minimum: 0,
      description: 'how long a lost connection still counts: who is back within it was never gone',
    }),
    serverTime: time('now'),
    limits: Type.Object(
      {
        frameBytes: Type.Integer({
          minimum: 1,
          description: 'a longer frame closes the connection with 1009',
        }),
        frameRate: Type.Integer({ minimum: 1, description: 'frames a second' }),
        frameBurst: Type.Integer({ minimum: 1, description: 'frames at once' }),
        watches: Type.Integer({
          minimum: 1,
          description: 'users watched at once; the members of a group count each',
        }),
        place: Type.Object(
          {
            rate: Type.Integer({ minimum: 1, description: 'changes of data a second in one place' }),
            burst: Type.Integer({ minimum: 1, description: 'changes of data at once' }),
            dataBytes: Type.Integer({ minimum: 1, description: 'bytes of data as JSON' }),
            places: Type.Integer({ minimum: 1, description: 'places that this connection may be in' }),
          },
          { description: 'of places; of data that change faster the newest are shown' },
        ),
      },
      { description: 'what this connection may send and hold' },
    ),
    self: Type.Optional(
      Type.Object(selfFields, {
        description: 'what others see, and what the person has set; absent while that is not known',
      }),
    ),
    ref,
  }),
  self: frame(
    'self',
    'What others see of the person, or what they have set, has changed. Every connection of theirs gets it.',
    selfFields,
  ),
  presence: frame('presence', 'What others see of some users: the answer to `watch`, or changes.', {
    users: Type.Array(PresenceSchema),
    snapshot: flag('the answer to `watch`'),
    more: flag('further frames of the same answer follow'),
    group: Type.Optional(
      Type.String({
        description: 'in the snapshot of a watched group: these are its members, online or not',
      }),
    ),
    ref,
  }),
  place: frame('place', 'Who is in a place, who came or told other data, who left.', {
    place: PlaceIdSchema,
    users: Type.Optional(Type.Array(PlaceMemberSchema)),
    left: Type.Optional(
      Type.Array(
        Type.Object({
          user: UserIdSchema,
          at: Type.Optional(time('when they left, as `LAST_SEEN` allows')),
          ver: placeVer,
        }),
        { description: 'who left' },
      ),
    ),
    total: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'how many are there, where only those who are there longest are named',
      }),
    ),
    truncated: flag(
      'the place outgrew a watch by name: from now on those who are there longest, and `total`',
    ),
    snapshot: flag('what you hold of the place is replaced'),
    more: flag('further frames of the same answer follow'),
    ref,
  }),
  count: frame(
    'count',
    'Numbers of a group, a place or the tenant: the answer to `watch` with `count`, or news.',
    {
      of: Type.Union([
        Type.Object({ group: Type.String() }),
        Type.Object({ place: Type.String() }),
        Type.Object({ tenant: Type.Literal(true) }),
      ]),
      online: number('of a tenant'),
      away: number('of a tenant'),
      busy: number('of a tenant'),
      present: number('of a group or a place: who is not offline'),
      members: number('of a group or a place: all of them'),
      ref,
    },
  ),
  members: frame(
    'members',
    'Who joined and who left a watched group: after the last frame of its snapshot, whatever else changes of them.',
    {
      group: Type.String(),
      joined: ids('each was shown before by `presence`'),
      left: ids('those who are not watched for another reason are named in a `gone` frame that follows'),
    },
  ),
  gone: frame('gone', 'You get these no longer: forget what you hold, `ver` included.', {
    users: ids('users'),
    groups: ids('groups'),
    places: ids('places: no longer watched, and of those entered that you are out of them'),
    tenant: flag('the watch of the tenant'),
  }),
  typing: frame('typing', 'Somebody types, or stopped. Gone after 6 s unless repeated.', {
    from: UserIdSchema,
    group: Type.Optional(Type.String({ description: 'the group in which they type' })),
    place: Type.Optional(
      Type.String({ description: 'the place in which they type; without either you alone are meant' }),
    ),
    on: Type.Boolean(),
  }),
  ack: frame('ack', 'Done.', { ref }),
  pong: frame('pong', 'The answer to `ping`.', { ref }),
  error: frame('error', 'What was asked is not done; the connection stays.', {
    code: Type.Enum(Object.keys(ERROR_CODES) as ErrorCode[], {
      type: 'string',
      description: 'for programs; stable',
    }),
    message: Type.String({ description: 'for people; may change' }),
    ref,
    users: Type.Optional(Type.Array(Type.String(), { description: 'those of a `watch` that were refused' })),
    groups: Type.Optional(Type.Array(Type.String(), { description: 'those of a `watch` that were refused' })),
    places: Type.Optional(Type.Array(Type.String(), { description: 'those that were refused' })),
  }),
  reconnect: frame('reconnect', 'This node is going away: come back after that long, somewhere else.', {
    afterMs: Type.Integer({ minimum: 0 }),
  }),
  degraded: frame('degraded', 'What you see may be stale, or is fresh again.', { on: Type.Boolean() }),
} as const;

export type ServerFrameType = keyof typeof SERVER_FRAMES;
