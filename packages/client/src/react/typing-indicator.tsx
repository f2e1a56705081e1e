'use client';
import {
  forwardRef,
  type HTMLAttributes,
  type ReactNode,
  type RefAttributes,
  useEffect,
  useState,
} from 'react';
import type { TypingTarget, View } from '../types.ts';
import { usePresenceOf } from './presence.ts';
import { useTypingUsers } from './typing.ts';
import { useLabels } from './use-labels.ts';

export interface TypingIndicatorProps extends Omit<HTMLAttributes<HTMLDivElement>, 'children'> {
  /** One of the three: who types to the group, in the place, or this user to oneself. */
  readonly group?: string;
  readonly place?: string;
  readonly user?: string;
  /** The words for these names. Default those of the provider's `labels.typing`. */
  readonly format?: (names: readonly string[]) => string;
  /** Whether a screen reader says it. Default `true`. */
  readonly announce?: boolean;
}

/** Typing that ends sooner is not said: it would only interrupt. */
const ANNOUNCE_MS = 2000;

const namesOf =
  (users: readonly string[]) =>
  (views: readonly View[]): readonly string[] =>
    views.map((view, i) => (view.known && view.presence.name) || (users[i] ?? ''));

/** Who is typing. Its element is always there, so that screen readers notice when it fills, and nothing jumps. */
export const TypingIndicator: React.ForwardRefExoticComponent<
  TypingIndicatorProps & RefAttributes<HTMLDivElement>
> = forwardRef<HTMLDivElement, TypingIndicatorProps>(
  ({ group, place, user, format, announce = true, className, ...rest }, ref) => {
    const { typing } = useLabels(undefined);
    const users = useTypingUsers(targetOf(group, place, user));
    // Whom they are comes with the list or the place. Watching each again would only be for the name.
    const names = usePresenceOf(users, namesOf(users), { watch: false });
    const text = names.length > 0 ? (format ?? typing)(names) : '';
    return (
      <div
        {...rest}
        ref={ref}
        className={className ? `rollcall-typing ${className}` : 'rollcall-typing'}
        data-rollcall="typing"
        data-typing={users.length > 0 ? '' : undefined}
      >
        {text && (
          <span aria-hidden="true">
            <span className="rollcall-dots">
              <i />
              <i />
              <i />
            </span>
            <bdi>{text}</bdi>
          </span>
        )}
        {announce && <Announced text={text} />}
      </div>
    );
  },
);
TypingIndicator.displayName = 'TypingIndicator';

const targetOf = (group?: string, place?: string, user?: string): TypingTarget => {
  if (group !== undefined) return { group };
  return place !== undefined ? { place } : { user: user ?? '' };
};

const Announced = ({ text }: { text: string }): ReactNode => {
  const [said, setSaid] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSaid(text), text ? ANNOUNCE_MS : 0);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <span role="status" aria-live="polite" aria-atomic="true" className="rollcall-hidden">
      {text && said}
    </span>
  );
};
