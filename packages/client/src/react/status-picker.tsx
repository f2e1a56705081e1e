'use client';
import { forwardRef, type HTMLAttributes, type RefAttributes, useId, useState } from 'react';
import type { OwnClaim } from '../types.ts';
import type { Labels } from './labels.ts';
import { Mark, type Shown } from './mark.tsx';
import { NoteField } from './note-field.tsx';
import { useOwnStatus } from './own.ts';
import { useClient } from './provider.tsx';
import { useLabels } from './use-labels.ts';

type Choice = keyof Labels['choices'];

export interface StatusPickerProps extends Omit<HTMLAttributes<HTMLFieldSetElement>, 'children'> {
  /** After how many minutes a status may end by itself. Default 30, 60 and 240; empty: the choice is not offered. */
  readonly minutes?: readonly number[];
  /** A field for the note. Default `true`. */
  readonly note?: boolean;
  readonly labels?: Partial<Labels>;
}

const CHOICES: readonly (readonly [Choice, Shown])[] = [
  ['automatic', 'online'],
  ['busy', 'busy'],
  ['away', 'away'],
  ['invisible', 'offline'],
];

const MINUTES = [30, 60, 240] as const;

/** The person's own status: set at once, in every window of theirs. */
export const StatusPicker: React.ForwardRefExoticComponent<
  StatusPickerProps & RefAttributes<HTMLFieldSetElement>
> = forwardRef<HTMLFieldSetElement, StatusPickerProps>(
  ({ minutes = MINUTES, note = true, labels, className, ...rest }, ref) => {
    const client = useClient();
    const words = useLabels(labels);
    const [self, setStatus] = useOwnStatus();
    const [after, setAfter] = useState(0);
    /** What was chosen and is not confirmed yet: a click shows at once. */
    const [pending, setPending] = useState<Choice>();
    const [failed, setFailed] = useState(false);
    const id = useId();
    const set = (choice: Choice, endsAfter: number): void => {
      setPending(choice);
      setFailed(false);
      const until = endsAfter > 0 && { until: new Date(client.now() + endsAfter * 60_000).toISOString() };
      const claim: OwnClaim | null = choice === 'automatic' ? null : { status: choice, ...until };
      setStatus(claim).then(
        () => setPending(undefined),
        () => {
          setPending(undefined);
          setFailed(true);
        },
      );
    };
    const claimed = self?.claim?.status;
    const chosen = pending ?? (claimed === undefined || claimed === 'online' ? 'automatic' : claimed);
    return (
      <fieldset
        {...rest}
        ref={ref}
        className={className ? `rollcall-picker ${className}` : 'rollcall-picker'}
        data-rollcall="picker"
        disabled={self === undefined}
      >
        <legend>{words.ownStatus}</legend>
        <div className="rollcall-choices">
          {CHOICES.map(([choice, shown]) => (
            <label key={choice} data-status={shown}>
              <input
                type="radio"
                name={id}
                checked={self !== undefined && chosen === choice}
                onChange={() => set(choice, after)}
              />
              <Mark shown={shown} />
              {words.choices[choice]}
            </label>
          ))}
        </div>
        {minutes.length > 0 && chosen !== 'automatic' && (
          <label className="rollcall-field">
            {words.clearAfter}
            <select
              value={after}
              onChange={({ target }) => {
                setAfter(Number(target.value));
                set(chosen, Number(target.value));
              }}
            >
              <option value={0}>{words.never}</option>
              {minutes.map((each) => (
                <option key={each} value={each}>
                  {durationOf(each)}
                </option>
              ))}
            </select>
          </label>
        )}
        {note && <NoteField words={words} />}
        <span role="alert" className="rollcall-error">
          {failed && words.failed}
        </span>
      </fieldset>
    );
  },
);
StatusPicker.displayName = 'StatusPicker';

const durationOf = (minutes: number): string => {
  const hours = minutes % 60 === 0;
  const format = { style: 'unit', unit: hours ? 'hour' : 'minute', unitDisplay: 'long' } as const;
  return new Intl.NumberFormat(undefined, format).format(hours ? minutes / 60 : minutes);
};
