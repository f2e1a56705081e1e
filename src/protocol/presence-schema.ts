import { Type } from 'typebox';
import { isUserId } from '../domain/ids.ts';
import { DEVICES } from '../domain/model.ts';
import { textProblem, UNFIT, UNSEEN } from '../domain/visible-text.ts';
import { EMOJI_PATTERN, ID_PATTERN, textPattern } from './patterns.ts';
import type { Presence } from './presence.ts';
import { emojiProblem, MAX_EMOJI, MAX_TEXT, OWN_STATUSES } from './status-fields.ts';
import { TIME_PATTERN } from './time.ts';

/** A text that is shown to others; empty is none. */
export const TEXT_PATTERN = textPattern(UNFIT, UNSEEN);

export const time = (description: string) => Type.String({ format: 'date-time', description });

/** With whatever fields: they are not ours. */
export const anyObject = (description: string) =>
  Type.Unsafe<Record<string, unknown>>({ type: 'object', description });

/** One that a caller says. Times have no leap seconds here, which the format alone would take. */
export const givenTime = (description: string) =>
  Type.String({ format: 'date-time', pattern: TIME_PATTERN, description });

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

/**
 * An id that is asked for. That it has at most 128 bytes no keyword can say; the description does.
 *
 * @param what - the kind of id, with its article.
 */
export const idSchema = (what: string, description: string, example: string) =>
  Type.Refine(
    Type.String({
      minLength: 1,
      maxLength: 128,
      pattern: ID_PATTERN,
      description: `${description}1 to 128 bytes of UTF-8 without control characters, not \`.\` or \`..\``,
      examples: [example],
    }),
    isUserId,
    () => `is not ${what}`,
  );

export const UserIdSchema = idSchema('a user id', '', 'alice');

export const PlaceIdSchema = idSchema('a place', '', 'doc:7');

export const StatusSchema = Type.Enum(['online', 'away', 'busy', 'offline'], {
  type: 'string',
  description: 'what others see',
});

/** A note as others are shown it. */
export const noteFields = {
  text: Type.Optional(Type.String({ maxLength: MAX_TEXT })),
  emoji: Type.Optional(Type.String()),
  until: Type.Optional(time('when it ends by itself')),
};

export const presenceFields = {
  user: UserIdSchema,
  status: StatusSchema,
  since: Type.Optional(
    time(
      'when the status began; absent of users never seen; of who is offline or away as `LAST_SEEN` allows',
    ),
  ),
  ver: Type.Integer({
    minimum: 0,
    description: 'rises with every change: drop what is not newer than what you hold; 0 of users never seen',
  }),
  lastSeen: Type.Optional(time('when the user was last active; absent while online')),
  name: Type.Optional(Type.String({ description: 'display name' })),
  note: Type.Optional(
    Type.Object(noteFields, { description: 'what the person says of themselves, also while offline' }),
  ),
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
    Type.Refine(
      Type.String({
        maxLength: MAX_TEXT,
        pattern: TEXT_PATTERN,
        description:
          'with something to see, without control characters and characters that control direction; empty is none',
      }),
      (value) => value === '' || textProblem(value) === undefined,
      (value) => textProblem(value) ?? '',
    ),
  ),
  emoji: Type.Optional(
    Type.Refine(
      Type.String({ maxLength: MAX_EMOJI, pattern: EMOJI_PATTERN, description: 'one emoji' }),
      (value) => emojiProblem(value) === undefined,
      (value) => emojiProblem(value) ?? '',
    ),
  ),
  until: Type.Optional(givenTime('when it ends by itself: in the future')),
};
