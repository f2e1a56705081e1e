'use client';
import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import type { Client, Target, Topic } from '../types.ts';
import { useClient } from './provider.tsx';

/** Whether two values are the same to a component: arrays and plain objects by what is in them, one level deep. */
const isSame = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [keys, others] = [Object.keys(a), Object.keys(b)] as [(keyof typeof a)[], string[]];
  return keys.length === others.length && keys.every((key) => key in b && Object.is(a[key], b[key]));
};

/** Calls when something changed. @returns a function that unsubscribes. */
type Subscribe = (client: Client, changed: () => void) => () => void;

/** The subscription to one topic. */
export const to =
  (topic: Topic): Subscribe =>
  (client, changed) =>
    client.subscribe(topic, changed);

/** One subscription out of several. */
export const toAll =
  (all: readonly Subscribe[]): Subscribe =>
  (client, changed) => {
    const ends = all.map((subscribe) => subscribe(client, changed));
    return () => {
      for (const end of ends) end();
    };
  };

/**
 * What a function of the client gives, read again whenever the subscription calls. An equal result is the same object as
 * before, so that only a change renders.
 *
 * @param key - stands for the subscription: one that is made in each render must not subscribe again.
 * @param server - on the server and in hydration.
 */
export const useRead = <T>(
  subscribe: Subscribe,
  key: string,
  read: (client: Client) => T,
  server: () => T,
  sameAs: (a: T, b: T) => boolean = isSame,
): T => {
  const client = useClient();
  const last = useRef<{ value: T } | undefined>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the subscription
  const subscribed = useCallback((changed: () => void) => subscribe(client, changed), [client, key]);
  const kept = (value: T): T => {
    if (last.current && sameAs(last.current.value, value)) return last.current.value;
    last.current = { value };
    return value;
  };
  return useSyncExternalStore(
    subscribed,
    () => kept(read(client)),
    () => kept(server()),
  );
};

/** Watches while the component is mounted. `undefined`: nothing. Equal targets are one. */
export const useWatch = (target: Target | undefined): void => {
  const client = useClient();
  const key = JSON.stringify(target);
  useEffect(() => {
    if (key === undefined) return;
    const watch = client.watch(JSON.parse(key) as Target);
    return () => watch.close();
  }, [client, key]);
};

/** The same value until it changes by what is in it: for objects that are written into JSX. */
export const useStable = <T>(value: T): T => {
  const key = JSON.stringify(value);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the value
  return useMemo(() => value, [key]);
};
