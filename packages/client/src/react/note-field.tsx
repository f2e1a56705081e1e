'use client';
import { type FormEvent, type ReactElement, useState } from 'react';
import type { Labels } from './labels.ts';
import { useNote } from './own.ts';

/** The longest note, characters. */
const MAX_TEXT = 140;

/** What the person says of themselves. Saved by Enter or the button; an empty one takes it away. */
export const NoteField = ({ words }: { words: Labels }): ReactElement => {
  const [note, setNote] = useNote();
  /** What is being written; otherwise the note itself shows, also when it is set elsewhere. */
  const [draft, setDraft] = useState<string>();
  const [outcome, setOutcome] = useState<'saved' | 'failed'>();
  const save = (event: FormEvent): void => {
    event.preventDefault();
    const text = (draft ?? '').trim();
    setNote(text ? { ...note, text } : null).then(
      () => {
        setDraft(undefined);
        setOutcome('saved');
      },
      () => setOutcome('failed'),
    );
  };
  return (
    <form className="rollcall-field" onSubmit={save}>
      <label>
        {words.note}
        <input
          type="text"
          dir="auto"
          maxLength={MAX_TEXT}
          value={draft ?? note?.text ?? ''}
          onChange={({ target }) => {
            setDraft(target.value);
            setOutcome(undefined);
          }}
        />
      </label>
      <button type="submit" disabled={draft === undefined}>
        {words.save}
      </button>
      <span role="status">{outcome && words[outcome]}</span>
    </form>
  );
};
