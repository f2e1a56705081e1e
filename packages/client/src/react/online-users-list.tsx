'use client';
import { forwardRef, type HTMLAttributes, memo, type ReactNode, type RefAttributes } from 'react';
import type { MembersOf } from '../types.ts';
import type { Labels } from './labels.ts';
import { type Member, type MembersOptions, useMembers } from './members.ts';
import { usePresence } from './presence.ts';
import { UserStatusIndicator } from './status-indicator.tsx';
import { useLabels } from './use-labels.ts';

export interface OnlineUsersListProps extends Omit<HTMLAttributes<HTMLUListElement>, 'children'> {
  /** The members of a group who are not offline. */
  readonly group?: string;
  /** Without a group: everyone of the tenant who is not offline. Needs the scope `watch:tenant`. */
  readonly tenant?: true;
  /** Members of the group who are offline, too. */
  readonly includeOffline?: boolean;
  /** At most so many rows; how many more there are stands below. */
  readonly max?: number;
  readonly sort?: MembersOptions['sort'];
  /** The content of a row; made again only when its own user changes, if the function stays the same. */
  readonly renderUser?: (user: string) => ReactNode;
  /** Instead of the words for an empty list. */
  readonly empty?: ReactNode;
  readonly labels?: Partial<Labels>;
}

const isHere = ({ view }: Member): boolean => view.known && view.presence.status !== 'offline';

/** Who is here, by status and name. A change of one user renders the row of that user alone. */
export const OnlineUsersList: React.ForwardRefExoticComponent<
  OnlineUsersListProps & RefAttributes<HTMLUListElement>
> = forwardRef<HTMLUListElement, OnlineUsersListProps>(
  (
    {
      group,
      tenant: _,
      includeOffline = false,
      max,
      sort,
      renderUser,
      empty,
      labels,
      className,
      'aria-label': name,
      ...rest
    },
    ref,
  ) => {
    const words = useLabels(labels);
    const of: MembersOf = group === undefined ? { tenant: true } : { group };
    const users = useMembers(of, {
      ...(sort !== undefined && { sort }),
      ...(!includeOffline && { filter: isHere }),
    });
    const rows = users?.slice(0, max);
    const more = users && rows ? users.length - rows.length : 0;
    return (
      <ul
        {...rest}
        ref={ref}
        // Lists without bullets are none to VoiceOver unless it is said.
        // biome-ignore lint/a11y/noRedundantRoles: see above
        role="list"
        aria-label={name ?? words.onlineUsers}
        aria-busy={users === undefined}
        className={className ? `rollcall-list ${className}` : 'rollcall-list'}
        data-rollcall="list"
      >
        {rows?.map((user) => (
          <Row key={user} user={user} render={renderUser} />
        ))}
        {more > 0 && <li className="rollcall-more">{words.more(more)}</li>}
        {users?.length === 0 && <li className="rollcall-empty">{empty ?? words.noUsers}</li>}
      </ul>
    );
  },
);
OnlineUsersList.displayName = 'OnlineUsersList';

/** Watched by the list: a watch of its own would keep a user in sight who has left the group. */
const Row = memo(
  ({ user, render }: { user: string; render: ((user: string) => ReactNode) | undefined }): ReactNode => (
    <li className="rollcall-row">{render ? render(user) : <Person user={user} />}</li>
  ),
);
Row.displayName = 'Row';

const Person = ({ user }: { user: string }): ReactNode => {
  const view = usePresence(user, { watch: false });
  return (
    <>
      <bdi className="rollcall-name">{(view.known && view.presence.name) || user}</bdi>
      <UserStatusIndicator userId={user} watch={false} showText size="sm" />
    </>
  );
};
