import { errorFrame } from '../../protocol/server-frames.ts';
import { StoreError } from '../../store/port/store-error.ts';
import { WatchError } from '../fanout.ts';
import type { FanoutLog } from '../fanout-log.ts';

export const UNTELLABLE = 'presence is not known at the moment';

export const groupOutgrownFrame = (group: string): string =>
  errorFrame('too_many_watches', 'the group has grown beyond what one connection may watch', undefined, {
    groups: [group],
  });

/** What a client learns of a watch that failed: never more than that presence is unknown. */
export function refusal(error: unknown, log: Pick<FanoutLog, 'error'>): WatchError {
  if (error instanceof WatchError) return error;
  if (!(error instanceof StoreError)) log.error({ err: error }, 'a watch failed');
  return new WatchError('unavailable', UNTELLABLE, { cause: error });
}
