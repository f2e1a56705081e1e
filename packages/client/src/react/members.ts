'use client';
import { useRef } from 'react';
import type { Client, CountOf, CountView, MembersOf, View } from '../types.ts';
import { to, toAll, useRead, useWatch } from './read.ts';

/** A member for sorting and filtering: the view may be unknown. */
export interface Member {
  readonly user: string;
  readonly view: View;
}

export interface MembersOptions {
  /** Order of the list. Default `status`: who is here first, then by name. */
  readonly sort?: 'status' | 'name' | ((a: Member, b: Member) => number);
  readonly filter?: (member: Member) => boolean;
  /** At most so many. */
  readonly limit?: number;
}

const RANK: Readonly<Record<string, number>> = { online: 0, busy: 1, away: 2, offline: 3 };

const nameOf = ({ user, view }: Member): string => (view.known && view.presence.name) || user;
const rankOf = ({ view }: Member): number => RANK[view.known ? view.presence.status : ''] ?? 4;

/** One for all: making one is slow, and a list of a thousand compares ten thousand times. */
let collator: Intl.Collator | undefined;
const byName = (a: Member, b: Member): number => {
  collator ??= new Intl.Collator(undefined, { numeric: true });
  return collator.compare(nameOf(a), nameOf(b)) || (a.user < b.user ? -1 : 1);
};
const byStatus = (a: Member, b: Member): number => rankOf(a) - rankOf(b) || byName(a, b);

const orderOf = (sort: MembersOptions['sort'] = 'status') =>
  typeof sort === 'function' ? sort : sort === 'name' ? byName : byStatus;

interface Listed {
  readonly members: readonly Member[];
  readonly options: MembersOptions;
  readonly users: readonly string[];
}

/**
 * The ids of who is in a group, or of everyone in the tenant who is not offline; `undefined` while that is not known. The
 * same array until members or their order change: rows read their own user with {@link usePresence}.
 */
export const useMembers = (of: MembersOf, options: MembersOptions = {}): readonly string[] | undefined => {
  useWatch('group' in of ? { groups: [of.group] } : of);
  const last = useRef<Listed | undefined>(undefined);
  const { sort, filter, limit } = options;
  const list = (client: Client): readonly string[] | undefined => {
    const view = client.members(of);
    if (!view.known) return undefined;
    const members = view.users.map((user) => ({ user, view: client.view(user) }));
    // Functions that are written into the call are new in each render: then it is sorted once a render.
    if (last.current && isListed(last.current, members, options)) return last.current.users;
    const users = (filter ? members.filter(filter) : [...members])
      .sort(orderOf(sort))
      .slice(0, limit)
      .map(({ user }) => user);
    last.current = { members, options: { ...options }, users };
    return users;
  };
  return useRead(toList(of), JSON.stringify(of), list, () => undefined);
};

/** Sorted lists follow the views of all members, by one subscription instead of one a member. */
const toList = (of: MembersOf) =>
  toAll([to({ members: of }), (client, changed) => client.on('views', changed)]);

const isListed = (
  last: Listed,
  members: readonly Member[],
  { sort, filter, limit }: MembersOptions,
): boolean =>
  last.options.sort === sort &&
  last.options.filter === filter &&
  last.options.limit === limit &&
  last.members.length === members.length &&
  last.members.every(({ user, view }, i) => members[i]?.user === user && members[i]?.view === view);

const LOADING: CountView = Object.freeze({ known: false, why: 'loading' });

/** How many are online, present or members: numbers of any size, at most once a second. */
export const useCount = (of: CountOf): CountView => {
  useWatch({ ...targetOf(of), count: true });
  return useRead(
    to({ count: of }),
    JSON.stringify(of),
    (client) => {
      const view = client.count(of);
      return !view.known && view.why === 'unwatched' ? LOADING : view;
    },
    () => LOADING,
    Object.is,
  );
};

const targetOf = (of: CountOf) =>
  'group' in of ? { groups: [of.group] } : 'place' in of ? { places: [of.place] } : of;
