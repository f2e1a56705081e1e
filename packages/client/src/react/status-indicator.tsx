'use client';
import { forwardRef, type HTMLAttributes, type ReactNode, type RefAttributes } from 'react';
import type { View } from '../types.ts';
import type { Labels } from './labels.ts';
import { useLastSeen } from './last-seen.ts';
import { Mark, type Shown } from './mark.tsx';
import { usePresence } from './presence.ts';
import { useLabels } from './use-labels.ts';

export interface UserStatusIndicatorProps extends Omit<HTMLAttributes<HTMLSpanElement>, 'children'> {
  readonly userId: string;
  /** Default `md`. */
  readonly size?: 'sm' | 'md' | 'lg';
  /** The status in words beside the mark, with the user's text and, of who is offline, when they were seen last. */
  readonly showText?: boolean;
  /** `false` where a list watches the user already. Default `true`. */
  readonly watch?: boolean;
  readonly labels?: Partial<Labels>;
  /** Instead of mark and words. */
  readonly render?: (view: View, label: string) => ReactNode;
}

const shownOf = (view: View): Shown => (view.known && !view.stale ? view.presence.status : 'unknown');

const labelOf = (view: View, labels: Labels): string => {
  if (!view.known) return labels.unknown;
  const status = labels.status[view.presence.status];
  return view.stale ? labels.stale(status) : status;
};

/** The status of one user, as a mark with a shape of its own, and in words. */
export const UserStatusIndicator: React.ForwardRefExoticComponent<
  UserStatusIndicatorProps & RefAttributes<HTMLSpanElement>
> = forwardRef<HTMLSpanElement, UserStatusIndicatorProps>(
  ({ userId, size = 'md', showText = false, watch = true, labels, render, className, ...rest }, ref) => {
    const view = usePresence(userId, { watch });
    const words = useLabels(labels);
    const label = labelOf(view, words);
    return (
      <span
        {...rest}
        ref={ref}
        className={className ? `rollcall ${className}` : 'rollcall'}
        data-rollcall="status"
        data-status={view.known ? view.presence.status : 'unknown'}
        data-stale={view.known && view.stale ? '' : undefined}
        data-size={size}
      >
        {render ? (
          render(view, label)
        ) : (
          <>
            <Mark shown={shownOf(view)} {...(!showText && { label })} />
            {showText && <Words view={view} label={label} labels={words} />}
          </>
        )}
      </span>
    );
  },
);
UserStatusIndicator.displayName = 'UserStatusIndicator';

const Words = ({ view, label, labels }: { view: View; label: string; labels: Labels }): ReactNode => {
  const seen = useLastSeen(view);
  if (!view.known) return <span className="rollcall-text">{label}</span>;
  const { status, text, emoji, note, lastSeen } = view.presence;
  const said = [emoji ?? note?.emoji, text ?? note?.text].filter(Boolean).join(' ');
  return (
    <span className="rollcall-text">
      {label}
      {status === 'offline' && seen !== undefined && (
        <>
          {', '}
          <time dateTime={lastSeen} suppressHydrationWarning>
            {labels.lastSeen(seen)}
          </time>
        </>
      )}
      {said && (
        <>
          {' · '}
          <bdi>{said}</bdi>
        </>
      )}
    </span>
  );
};
