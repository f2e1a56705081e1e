import { WatchError } from '../fanout/fanout.ts';
import { StoreError } from '../store/port/store-error.ts';
import type { ClientSession } from './client-session.ts';

/** Sends a client the reason why its request failed. An unexpected error is logged, and its details are not sent. */
export const answerFailure = (session: ClientSession, error: unknown, ref: string | undefined): void => {
  if (error instanceof WatchError) {
    session.sendError(error.code, error.message, ref, error.refused);
    return;
  }
  if (error instanceof StoreError && error.code === 'too_many_places') {
    session.sendError(error.code, error.message, ref);
    return;
  }
  if (error instanceof StoreError && error.code === 'put_out') {
    session.sendError('forbidden', error.message, ref);
    return;
  }
  if (!(error instanceof StoreError)) session.host.log.error({ err: error }, 'frame failed unexpectedly');
  session.sendError('unavailable', 'this cannot be done right now: try again', ref);
};
