'use client';
import { createContext, type ReactElement, type ReactNode, useContext, useEffect, useMemo } from 'react';
import type { Client, Presence, View } from '../types.ts';
import type { Labels } from './labels.ts';
import { retain } from './retain.ts';

/** What a provider hands down. */
interface Scope {
  readonly client: Client;
  readonly initial: ReadonlyMap<string, View>;
  readonly labels: Partial<Labels> | undefined;
}

const ScopeContext = createContext<Scope | undefined>(undefined);

export interface RollcallProviderProps {
  /** Made once by the app, in module scope or in a ref: nothing happens before a provider is mounted. */
  readonly client: Client;
  /** Shown until the client knows better, on the server and in hydration: the answer of an HTTP batch. Keep it the same. */
  readonly initial?: readonly Presence[];
  /** Words of the components, where they are not English. Keep it the same object between renders. */
  readonly labels?: Partial<Labels>;
  readonly children?: ReactNode;
}

/**
 * Gives a client to everything below. Connects it while at least one provider of it is mounted, unless the app has
 * connected it by itself; a provider that is mounted again within a second, as in StrictMode, keeps the connection.
 */
export const RollcallProvider = ({
  client,
  initial,
  labels,
  children,
}: RollcallProviderProps): ReactElement => {
  useEffect(() => retain(client), [client]);
  const scope = useMemo<Scope>(
    () => ({
      client,
      initial: new Map(initial?.map((presence) => [presence.user, viewOf(presence)])),
      labels,
    }),
    [client, initial, labels],
  );
  return <ScopeContext.Provider value={scope}>{children}</ScopeContext.Provider>;
};

const viewOf = (presence: Presence): View => Object.freeze({ known: true, stale: false, presence });

/** @throws outside of a {@link RollcallProvider} */
export const useScope = (): Scope => {
  const scope = useContext(ScopeContext);
  if (scope === undefined) throw new Error('Rollcall: this needs a <RollcallProvider client={…}> above it');
  return scope;
};

/** The client of the nearest provider. */
export const useClient = (): Client => useScope().client;
