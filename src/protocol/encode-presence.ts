import type { View } from '../domain/model.ts';
import { presenceOf } from './presence.ts';

/** One presence object `P` as JSON. Fan-out calls this once a view, however many connections get it. */
export const encodePresence = (view: View): string => JSON.stringify(presenceOf(view));

/** A frame of changes. @param users - encoded presence objects, joined by commas. */
export const changeFrame = (users: string): string => `{"type":"presence","users":[${users}]}`;

/** What one frame of an answer to `watch` belongs to. */
export interface SnapshotPart {
  readonly ref: string | undefined;
  /** The users are members of it; absent for those asked for by id, and the tenant's. */
  readonly group: string | undefined;
  /** Further frames of the same answer follow. */
  readonly more: boolean;
}

/** One frame of an answer to `watch`. */
export const snapshotFrame = (users: string, { ref, group, more }: SnapshotPart): string => {
  const rest = JSON.stringify({ ref, ...(more && { more }), group }).slice(1, -1);
  return `{"type":"presence","users":[${users}],"snapshot":true${rest === '' ? '' : `,${rest}`}}`;
};

/** What the watchers of a tenant get that grew too large to be watched: the watch ended, and why. */
export const OUTGROWN_FRAMES: readonly string[] = [
  JSON.stringify({ type: 'gone', tenant: true }),
  JSON.stringify({
    type: 'error',
    code: 'too_many_watches',
    message: 'the tenant has grown beyond what one watch may cover',
  }),
];
