import { WatchError } from '../fanout/fanout.ts';
import { StoreError } from '../store/presence-store.ts';
import type { ClientSession } from './client-session.ts';

/** Tells a client why it does not get what it asked for. What is unexpected is logged, and is nobody else's business. */
export const answerFailure = (session: ClientSession, error: unknown, ref: string | undefined): void => {
  if (error instanceof WatchError) {
    session.sendError(error.code, error.message, ref);
    return;
  }
  if (!(error instanceof StoreError)) session.host.log.error({ err: error }, 'frame failed unexpectedly');
  session.sendError('unavailable', 'this cannot be done right now: try again', ref);
};
