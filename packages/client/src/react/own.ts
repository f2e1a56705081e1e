'use client';
import type { Note, OwnClaim, Self } from '../types.ts';
import { useClient } from './provider.tsx';
import { to, useRead } from './read.ts';

const useSelf = (): Self | undefined =>
  useRead(
    to('self'),
    '',
    (client) => client.self,
    () => undefined,
  );

type Set<What> = (what: What | null, options?: { readonly signal?: AbortSignal }) => Promise<void>;

/** What others see of the person and what they have set, and how to set it; `undefined` while unknown. */
export const useOwnStatus = (): readonly [self: Self | undefined, setStatus: Set<OwnClaim>] => {
  const client = useClient();
  return [useSelf(), client.setStatus.bind(client)];
};

/** What the person says of themselves beside the status, and how to say it. */
export const useNote = (): readonly [note: Note | undefined, setNote: Set<Note>] => {
  const client = useClient();
  return [useSelf()?.note, client.setNote.bind(client)];
};
