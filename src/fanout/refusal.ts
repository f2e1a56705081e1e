import { StoreError } from '../store/presence-store.ts';
import { WatchError } from './fanout.ts';
import type { FanoutLog } from './fanout-log.ts';

export const outOfSight = (): WatchError =>
  new WatchError('forbidden', 'the token and the policy do not allow to see all of this');

/** What a client is told of a watch that failed: never more than that presence cannot be told. */
export function refusal(error: unknown, log: Pick<FanoutLog, 'error'>): WatchError {
  if (error instanceof WatchError) return error;
  if (!(error instanceof StoreError)) log.error({ err: error }, 'a watch failed');
  return new WatchError('unavailable', 'presence cannot be told at the moment', { cause: error });
}
