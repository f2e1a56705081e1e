import type { View } from '../domain/model.ts';
import { presenceOf } from './presence.ts';

/** One presence object `P` as JSON. Fan-out calls this once a view, however many connections get it. */
export const encodePresence = (view: View): string => JSON.stringify(presenceOf(view));

/** A frame of changes. @param users - encoded presence objects, joined by commas. */
export const changeFrame = (users: string): string => `{"type":"presence","users":[${users}]}`;

/** One frame of an answer to `watch`. @param more - further frames of the same answer follow. */
export const snapshotFrame = (users: string, ref: string | undefined, more: boolean): string => {
  const reference = ref === undefined ? '' : `,"ref":${JSON.stringify(ref)}`;
  return `{"type":"presence","users":[${users}],"snapshot":true${reference}${more ? ',"more":true' : ''}}`;
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
