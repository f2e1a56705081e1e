import { setTimeout as sleep } from 'node:timers/promises';

export interface DrainOptions {
  readonly delayMs: number;
  readonly windowMs: number;
  /** Takes this node out of the balancer. */
  readonly unready: () => void;
  /** Sends the connections away over the window. */
  readonly sessions: { drain(windowMs: number): Promise<void> };
  /** Waits until the store has everything this node knows. @returns whether it does. */
  readonly flushed: (withinMs: number) => Promise<boolean>;
  /** Gives up the lease wherever nothing is left to be written. */
  readonly leave: () => Promise<void>;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** How long the last writes may take, and giving up the leases, ms: with {@link STOP_MS} less than {@link LEAVE_MS}. */
export const FLUSH_MS = 2000;
export const RETIRE_MS = 500;
/** Within this long after a drain everything has to be stopped, ms. */
export const STOP_MS = 1800;
/** What leaving takes at most beyond the delay and the window of its drain, ms; then the process ends as it is. */
export const LEAVE_MS = 4800;

/**
 * Leaves the cluster unnoticed by users: first no new traffic, then the connections move one after another under a
 * longer grace, then their state is written. What could not be written is reaped later.
 */
export const drain = async (options: DrainOptions): Promise<void> => {
  const { delayMs, windowMs, unready, sessions, flushed, leave, log } = options;
  unready();
  log.info({ delayMs, windowMs }, 'draining');
  if (delayMs > 0) await sleep(delayMs);
  await sessions.drain(windowMs);
  if (!(await flushed(FLUSH_MS)))
    log.warn({}, 'not everything could be written; the other nodes will reap the rest');
  const left = leave().catch((err: unknown) =>
    log.warn({ err }, 'could not give up a lease; it will expire by itself'),
  );
  await Promise.race([left, sleep(RETIRE_MS, undefined, { ref: false })]);
};
