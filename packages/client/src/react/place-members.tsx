'use client';
import { forwardRef, type HTMLAttributes, type ReactNode, type RefAttributes } from 'react';
import type { PlaceMember } from '../types.ts';
import { useConnection } from './connection.ts';
import type { Labels } from './labels.ts';
import { usePlaceMembers } from './place.ts';
import { useLabels } from './use-labels.ts';

export interface PlaceMembersProps extends Omit<HTMLAttributes<HTMLUListElement>, 'children'> {
  readonly place: string;
  /** Avatars at most; how many more there are stands behind. Default 5. */
  readonly max?: number;
  /** For places of thousands: only those who are there longest, and how many there are in all (≤ 100). */
  readonly top?: number;
  /** Leave the person out. Default `false`. */
  readonly withoutSelf?: boolean;
  /** Instead of the initials, for instance a picture; its name for screen readers is the row's. */
  readonly renderAvatar?: (member: PlaceMember) => ReactNode;
  readonly labels?: Partial<Labels>;
}

/** Who is in a place, as avatars: those who are there longest first. */
export const PlaceMembers: React.ForwardRefExoticComponent<
  PlaceMembersProps & RefAttributes<HTMLUListElement>
> = forwardRef<HTMLUListElement, PlaceMembersProps>(
  (
    {
      place,
      max = 5,
      top,
      withoutSelf = false,
      renderAvatar,
      labels,
      className,
      'aria-label': name,
      ...rest
    },
    ref,
  ) => {
    const words = useLabels(labels);
    const self = useConnection((connection) => (connection.state === 'connected' ? connection.user : ''));
    const view = usePlaceMembers(place, top === undefined ? {} : { top });
    const members = view.known ? view.members.filter(({ user }) => !withoutSelf || user !== self) : [];
    const hidden = view.known ? view.total - (view.members.length - members.length) : 0;
    const shown = members.slice(0, max);
    const more = Math.max(members.length, hidden) - shown.length;
    return (
      <ul
        {...rest}
        ref={ref}
        // Lists without bullets are none to VoiceOver unless it is said.
        // biome-ignore lint/a11y/noRedundantRoles: see above
        role="list"
        aria-label={name ?? words.inPlace}
        aria-busy={!view.known && view.why === 'loading'}
        className={className ? `rollcall-avatars ${className}` : 'rollcall-avatars'}
        data-rollcall="place"
        data-stale={view.known && view.stale ? '' : undefined}
      >
        {shown.map((member) => (
          <li key={member.user} title={member.name ?? member.user}>
            <Avatar member={member}>{renderAvatar?.(member)}</Avatar>
          </li>
        ))}
        {more > 0 && (
          <li className="rollcall-avatar" data-more="">
            <span aria-hidden="true">+{more}</span>
            <span className="rollcall-hidden">{words.more(more)}</span>
          </li>
        )}
      </ul>
    );
  },
);
PlaceMembers.displayName = 'PlaceMembers';

const Avatar = ({ member, children }: { member: PlaceMember; children: ReactNode }): ReactNode => {
  const { user, name = user } = member;
  return (
    <span
      className="rollcall-avatar"
      role="img"
      aria-label={name}
      style={{ '--rollcall-hue': hueOf(user) } as React.CSSProperties}
    >
      {children ?? initialsOf(name)}
    </span>
  );
};

/** The same for a user everywhere. */
const hueOf = (user: string): number => {
  let hash = 0;
  for (const character of user) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 360;
  return hash;
};

/** First letters of the first and the last word. */
const initialsOf = (name: string): string => {
  const words = name
    .trim()
    .split(/[\s._-]+/)
    .filter(Boolean);
  const ends = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return ends.map((word) => [...(word ?? '')][0]?.toLocaleUpperCase() ?? '').join('');
};
