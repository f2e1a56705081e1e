import { saysSomething } from './adornment.ts';
import type { DayMs } from './clock.ts';
import type { Adornment, Note } from './model.ts';
import { isHidden } from './profile.ts';
import type { Row } from './row.ts';

/** The person's own truth: also what others are not shown yet. Of a restored row only what others were shown is known. */
export const trueNote = (row: Row): Note | undefined =>
  row.pendingNote ?? row.note ?? (saysSomething(row.shownNote) ? { ...row.shownNote, stamp: 0 } : undefined);

/** What others are to be shown of it. A note that waits shows once its person is seen. */
export const noteToShow = (row: Row, isSeen: boolean): Adornment => {
  const note = (isSeen ? row.pendingNote : undefined) ?? row.note ?? row.shownNote;
  return saysSomething(note) ? note : {};
};

/** The person or a service sets the note, or clears it: others are shown it whatever the status is. */
export const setNote = (row: Row, note: Note): void => {
  row.note = note;
  row.pendingNote = undefined;
};

/**
 * A node sends a note again that the store may have lost. Others are shown nothing again of a hidden user before they
 * are seen, as of who left: there it waits.
 * @returns whether it was newer than what is stored.
 */
export const mergeNote = (row: Row, note: Note | undefined): boolean => {
  if (note === undefined || note.stamp <= Math.max(trueNote(row)?.stamp ?? 0, row.forgotten)) return false;
  if (isHidden(row)) row.pendingNote = note;
  else setNote(row, note);
  return true;
};

/** A note that waited takes effect. */
export const revealNote = (row: Row): void => {
  if (row.pendingNote !== undefined) setNote(row, row.pendingNote);
};

/** Ends what has an end that passed. @returns whether others are shown less for it. */
export const endNote = (row: Row, today: DayMs): boolean => {
  const { note, pendingNote, shownNote } = row;
  if (pendingNote?.until !== undefined && pendingNote.until <= today)
    row.pendingNote = { stamp: pendingNote.stamp };
  const { until } = note ?? shownNote;
  if (until === undefined || until > today) return false;
  row.note = { stamp: note?.stamp ?? 0 };
  return true;
};

/** What others are shown ends with the retention; the person's own truth waits for them. */
export const withholdNote = (row: Row): void => {
  row.pendingNote = trueNote(row);
  row.note = undefined;
  row.shownNote = {};
};
