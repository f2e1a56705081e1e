import { StoreError } from '../../store/port/store-error.ts';
import { WatchError } from '../fanout.ts';
import type { FanoutLog } from '../fanout-log.ts';

const UNTELLABLE = 'presence cannot be told at the moment';

/** @param users - those out of sight, and groups that are not the person's own. */
export const outOfSight = (users: readonly string[], groups: readonly string[]): WatchError =>
  new WatchError('forbidden', 'the token and the policy do not allow to see all of this', {
    ...(users.length > 0 && { users }),
    ...(groups.length > 0 && { groups }),
  });

/** Whether somebody may be seen is not known: they are neither shown nor refused for it. */
export const unknownSight = (): WatchError => new WatchError('unavailable', UNTELLABLE);

export const GROUP_OUTGROWN_FRAME = JSON.stringify({
  type: 'error',
  code: 'too_many_watches',
  message: 'the group has grown beyond what one connection may watch',
});

/** What a client is told of a watch that failed: never more than that presence cannot be told. */
export function refusal(error: unknown, log: Pick<FanoutLog, 'error'>): WatchError {
  if (error instanceof WatchError) return error;
  if (!(error instanceof StoreError)) log.error({ err: error }, 'a watch failed');
  return new WatchError('unavailable', UNTELLABLE, { cause: error });
}
