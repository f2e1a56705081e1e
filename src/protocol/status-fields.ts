import type { ClaimStatus, Note, OwnClaim } from '../domain/model.ts';
import { textProblem } from '../domain/visible-text.ts';
import { parseTime } from './time.ts';

/** What a person may say of themselves: the fields of the `status` frame and of the HTTP body, which are one thing. */
export const OWN_STATUSES = ['online', 'away', 'busy', 'invisible'] as const satisfies readonly ClaimStatus[];

/** Longest text, in characters (code points, as people count letters and JSON Schema counts length). */
export const MAX_TEXT = 140;

/**
 * Longest emoji in code points. The longest recommended sequence (a kiss between two people with skin tones) has 10; the
 * grammar alone would admit joined sequences without end.
 */
export const MAX_EMOJI = 16;

/** Emoji sequences of UTS #51: flags, keycaps, and pictographs with modifiers and tags, joined or alone. */
const EMOJI = (() => {
  const element =
    '\\p{Extended_Pictographic}(?:\\uFE0F|\\p{Emoji_Modifier})?(?:[\\u{E0020}-\\u{E007E}]+\\u{E007F})?';
  return new RegExp(`^(?:\\p{RI}\\p{RI}|[0-9#*]\\uFE0F?\\u20E3|${element}(?:\\u200D${element})*)$`, 'u');
})();

/** A field that says something it may not. The message names the field and is meant for the caller. */
export class FieldError extends Error {
  readonly code = 'invalid';
  readonly field: string;
  constructor(field: string, problem: string) {
    super(`${field} ${problem}`);
    this.name = 'FieldError';
    this.field = field;
  }
}

/** The fields as they come from outside: anything may stand in them. */
export interface NoteFields {
  readonly text?: unknown;
  readonly emoji?: unknown;
  readonly until?: unknown;
}

export interface StatusFields extends NoteFields {
  readonly status?: unknown;
}

const ownStatus = (value: unknown): OwnClaim['status'] => {
  if (value === null) return null;
  const known = OWN_STATUSES.find((status) => status === value);
  if (known === undefined)
    throw new FieldError('status', `must be one of ${OWN_STATUSES.join(', ')} or null`);
  return known;
};

/** What is wrong with a text, to be read after its name. */
const saidProblem = (value: unknown): string | undefined => {
  if (typeof value !== 'string') return 'must be a string';
  // A string never has fewer units than code points: the cheap test first keeps a hostile megabyte from being spread.
  if (value.length > 2 * MAX_TEXT || [...value].length > MAX_TEXT) {
    return `must have at most ${MAX_TEXT} characters`;
  }
  return value === '' ? undefined : textProblem(value);
};

const text = (value: unknown): string => {
  const problem = saidProblem(value);
  if (problem !== undefined) throw new FieldError('text', problem);
  return value as string;
};

/** What is wrong with an emoji, to be read after its name. */
export const emojiProblem = (value: unknown): string | undefined =>
  typeof value === 'string' &&
  value.length <= 2 * MAX_EMOJI &&
  [...value].length <= MAX_EMOJI &&
  EMOJI.test(value)
    ? undefined
    : 'must be one emoji';

const emoji = (value: unknown): string => {
  const problem = emojiProblem(value);
  if (problem !== undefined) throw new FieldError('emoji', problem);
  return value as string;
};

/** @throws FieldError */
export const timeOf = (field: string, value: unknown): number => {
  const ms = typeof value === 'string' ? parseTime(value) : undefined;
  if (ms === undefined) throw new FieldError(field, 'must be an RFC 3339 time with an offset');
  return ms;
};

const until = (value: unknown, now: number): number => {
  const ms = timeOf('until', value);
  if (ms <= now) throw new FieldError('until', 'must be in the future');
  return ms;
};

/**
 * Reads what a person says of themselves; `status` null clears it, and then nothing else may be said. An empty text is
 * no text. Fields that are none of these are not looked at.
 *
 * @param now - ms since the epoch, which `until` must lie after.
 * @throws FieldError naming the first field that is wrong.
 */
export const parseStatusFields = (input: StatusFields, now: number): Omit<OwnClaim, 'stamp'> => {
  const status = ownStatus(input.status);
  if (status === null) {
    for (const field of ['text', 'emoji', 'until'] as const) {
      if (input[field] !== undefined)
        throw new FieldError(field, 'must be absent when the status is cleared');
    }
  }
  return { status, ...parseNoteFields(input, now) };
};

/**
 * Reads what a person says beside their status. Without a text and an emoji it clears the note, whatever its end.
 *
 * @param now - ms since the epoch, which `until` must lie after.
 * @throws FieldError naming the first field that is wrong.
 */
export const parseNoteFields = (input: NoteFields, now: number): Omit<Note, 'stamp'> => {
  const said = input.text === undefined ? '' : text(input.text);
  return {
    ...(said !== '' && { text: said }),
    ...(input.emoji !== undefined && { emoji: emoji(input.emoji) }),
    ...(input.until !== undefined && { until: until(input.until, now) }),
  };
};
