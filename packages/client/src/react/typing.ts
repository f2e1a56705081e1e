'use client';
import { useEffect, useMemo } from 'react';
import type { Client, Typing, TypingTarget } from '../types.ts';
import { useClient } from './provider.tsx';
import { to, useRead, useStable, useWatch } from './read.ts';

/** Reports that this person types: `input` on every key, `stop` when the text was sent. Stops by itself on unmount. */
export const useTyping = (target: TypingTarget): Typing => {
  const client = useClient();
  const stable = useStable(target);
  const typing = useMemo(() => client.typing(stable), [client, stable]);
  useEffect(() => () => typing.stop(), [typing]);
  return typing;
};

const NONE: readonly string[] = Object.freeze([]);

/** Ids of those who are typing. Typing in a place comes to who watches it, so this does. */
export const useTypingUsers = (target: TypingTarget): readonly string[] => {
  useWatch('place' in target ? { places: [target.place] } : undefined);
  return useRead(
    to({ typing: target }),
    JSON.stringify(target),
    (client: Client) => client.typingIn(target),
    () => NONE,
  );
};
