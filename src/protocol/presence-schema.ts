import { Type } from 'typebox';
import { DEVICES } from '../domain/model.ts';
import type { Presence } from './presence.ts';
import { MAX_TEXT, OWN_STATUSES } from './status-fields.ts';

export const time = (description: string) => Type.String({ format: 'date-time', description });

export const EXAMPLE_TIME = '2026-11-21T09:30:00.000Z';

/** The example of a user who is here. */
export const ALICE: Presence = {
  user: 'alice',
  status: 'busy',
  since: EXAMPLE_TIME,
  ver: 1_795_253_400_000_000,
  lastSeen: '2026-11-21T09:41:12.000Z',
  name: 'Alice Liddell',
  text: 'Tea party',
  emoji: '🫖',
  until: '2026-11-21T10:00:00.000Z',
  devices: ['web', 'mobile'],
};

/** A user id. Its bytes and characters are checked by the rules of the domain, not by a pattern. */
export const UserIdSchema = Type.String({
  description: '1 to 128 bytes of UTF-8 without control characters, not `.` or `..`',
  examples: ['alice'],
});

export const StatusSchema = Type.Enum(['online', 'away', 'busy', 'offline'], {
  type: 'string',
  description: 'what others see',
});

export const presenceFields = {
  user: UserIdSchema,
  status: StatusSchema,
  since: Type.Optional(time('when the status began; absent of users never seen')),
  ver: Type.Integer({
    minimum: 0,
    description: 'rises with every change: drop what is not newer than what you hold; 0 of users never seen',
  }),
  lastSeen: Type.Optional(time('when the user was last active; absent while online')),
  name: Type.Optional(Type.String({ description: 'display name' })),
  text: Type.Optional(Type.String({ maxLength: MAX_TEXT })),
  emoji: Type.Optional(Type.String()),
  until: Type.Optional(time('when the claimed status ends')),
  devices: Type.Optional(
    Type.Array(Type.Enum([...DEVICES], { type: 'string' }), {
      description: 'kinds of device alive; absent while offline',
    }),
  ),
};

/** The presence object `P`. */
export const PresenceSchema = Type.Object(presenceFields, {
  $id: 'Presence',
  description: 'What others see of one user.',
  examples: [ALICE],
});

/** What a person may say of themselves, over sockets and HTTP alike. Its rules are those of `parseStatusFields`. */
export const claimFields = {
  status: Type.Enum([...OWN_STATUSES], { type: 'string' }),
  text: Type.Optional(
    Type.String({ maxLength: MAX_TEXT, description: 'without control characters; empty is none' }),
  ),
  emoji: Type.Optional(Type.String({ description: 'one emoji' })),
  until: Type.Optional(time('when it ends by itself: in the future')),
};
