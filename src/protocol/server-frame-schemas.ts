import { type TSchema, Type } from 'typebox';
import { ERROR_CODES, type ErrorCode } from './codes.ts';
import {
  claimFields,
  noteFields,
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
    ref,
  }),
  gone: frame('gone', 'You get these no longer: forget what you hold, `ver` included.', {
    users: ids('users'),
    groups: ids('groups'),
    tenant: flag('the watch of the tenant'),
  }),
  typing: frame('typing', 'Somebody types, or stopped. Gone after 6 s unless repeated.', {
    from: UserIdSchema,
    group: Type.Optional(Type.String({ description: 'absent when you alone are meant' })),
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
  }),
  reconnect: frame('reconnect', 'This node is going away: come back after that long, somewhere else.', {
    afterMs: Type.Integer({ minimum: 0 }),
  }),
  degraded: frame('degraded', 'What you see may be stale, or is fresh again.', { on: Type.Boolean() }),
} as const;

export type ServerFrameType = keyof typeof SERVER_FRAMES;
