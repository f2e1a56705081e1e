/** Which texts may not be shown to others. Pure checks, shared by every surface. */

/** Control characters break the displays of others, half a surrogate pair breaks their JSON parsers. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/**
 * Characters that change the direction of what follows: `ok <U+202E>gnp.exe` is shown as `ok exe.png`, and one
 * person's text can reverse a line that also holds another's. Right-to-left scripts need none of them.
 */
const BIDI_CONTROLS = /\p{Bidi_Control}/u;
const ALL_BIDI_CONTROLS = new RegExp(BIDI_CONTROLS, 'gu');

/** Characters that no text may contain. */
export const UNFIT = /[\p{Cc}\p{Cs}\u2028\u2029\p{Bidi_Control}]/u;

/**
 * Characters that are invisible on their own: blanks, format characters, fillers, and the blank pattern of Braille.
 * Joiners in emoji and Indic scripts may stand between others.
 */
export const UNSEEN = /[\p{White_Space}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;

const VISIBLE = /[^\p{White_Space}\p{Cc}\p{Cs}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Why a text may not be shown, worded to follow the name of its field; `undefined` when it may. */
export const textProblem = (text: string): string | undefined => {
  if (UNPRINTABLE.test(text)) return 'must not contain control characters';
  if (BIDI_CONTROLS.test(text)) return 'must not contain characters that control its direction';
  return VISIBLE.test(text) ? undefined : 'must have a visible character';
};

/** A text without the characters that change its direction, for texts whose source cannot be refused. */
export const withoutBidiControls = (text: string): string => text.replace(ALL_BIDI_CONTROLS, '');

/** Whether any of it is visible. */
export const isVisible = (text: string): boolean => VISIBLE.test(text);
