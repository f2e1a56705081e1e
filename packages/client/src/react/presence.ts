'use client';
import type { Client, View } from '../types.ts';
import { useScope } from './provider.tsx';
import { to, toAll, useRead, useWatch } from './read.ts';

const LOADING: View = Object.freeze({ known: false, why: 'loading' });

/** What was given for the first render counts until the client knows, or knows that it may not. */
const shown = (client: Client, user: string, initial: ReadonlyMap<string, View>, watch: boolean): View => {
  const view = client.view(user);
  if (view.known || (view.why !== 'unwatched' && view.why !== 'loading')) return view;
  return initial.get(user) ?? (watch ? LOADING : view);
};

export interface PresenceOptions {
  /** `false`: reads what others watch, for instance a list by group. Default `true`. */
  readonly watch?: boolean;
}

/** What others see of one user. Renders when that changes, and for nobody else's changes. */
export const usePresence = (user: string, { watch = true }: PresenceOptions = {}): View => {
  const { initial } = useScope();
  useWatch(watch ? { users: [user] } : undefined);
  return useRead(
    to({ user }),
    user,
    (client) => shown(client, user, initial, watch),
    () => initial.get(user) ?? LOADING,
    Object.is,
  );
};

/**
 * What a function makes of the views of several users, in their order: renders when its result changes.
 *
 * @example const busy = usePresenceOf(team, (views) => views.filter((view) => view.known && view.presence.status === 'busy').length);
 */
export const usePresenceOf = <T = readonly View[]>(
  users: readonly string[],
  select: (views: readonly View[]) => T = (views) => views as T,
  { watch = true }: PresenceOptions = {},
): T => {
  const { initial } = useScope();
  useWatch(watch && users.length > 0 ? { users } : undefined);
  return useRead(
    toAll(users.map((user) => to({ user }))),
    JSON.stringify(users),
    (client) => select(users.map((user) => shown(client, user, initial, watch))),
    () => select(users.map((user) => initial.get(user) ?? LOADING)),
  );
};
