import { WatchError } from '../fanout.ts';
import type { WatchLimits } from '../limits.ts';
import type { Meter } from '../meter.ts';
import type { Watched } from './watched.ts';

/** What a watch would add. */
export interface QuotaRequest {
  /** Users the connection does not watch yet. */
  readonly users: number;
  /** Places and numbers that the connection watches. */
  readonly others: number;
  /** Groups and tenants. */
  readonly sets: number;
  /** Users that no connection of this node watches yet. */
  readonly views: number;
  /** What its answer weighs among those that wait to be sent. */
  readonly weight: number;
}

/** @throws WatchError when it is too much; nothing was changed. */
export const checkQuota = (
  request: QuotaRequest,
  watched: Watched,
  meter: Meter,
  limits: WatchLimits,
): void => {
  const { maxWatches, maxNodeWatches, maxUnsent } = limits;
  if (watched.asked + request.others + request.users > maxWatches) {
    throw new WatchError('too_many_watches', `at most ${maxWatches} users may be watched`);
  }
  if (
    meter.watches + request.users + request.sets > maxNodeWatches ||
    meter.views + request.views > maxNodeWatches
  ) {
    throw new WatchError('too_many_watches', 'this node watches as many users as it can');
  }
  let unsent = request.weight;
  for (const answer of watched.answers) unsent += answer.weight;
  if (unsent > maxUnsent) throw new WatchError('too_many_watches', 'too many answers wait to be read');
};
