import { setTimeout as sleep } from 'node:timers/promises';

export interface DrainOptions {
  readonly delayMs: number;
  readonly windowMs: number;
  /** Takes this node out of the balancer. */
  readonly unready: () => void;
  /** Sends the connections away over the window. */
  readonly sessions: { drain(windowMs: number): Promise<void> };
  /** Waits until the store knows what this node knows. @returns whether it does. */
  readonly flushed: (withinMs: number) => Promise<boolean>;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** How long the last writes may take, ms. */
const FLUSH_MS = 3000;

/**
 * Leaves the cluster so that nobody notices: first no new traffic, then the connections go elsewhere one after
 * another under a longer grace, then what they were is written down. What could not be written is reaped later.
 */
export const drain = async (options: DrainOptions): Promise<void> => {
  const { delayMs, windowMs, unready, sessions, flushed, log } = options;
  unready();
  log.info({ delayMs, windowMs }, 'draining');
  if (delayMs > 0) await sleep(delayMs);
  await sessions.drain(windowMs);
  if (!(await flushed(FLUSH_MS)))
    log.warn({}, 'not everything could be written; the other nodes will reap the rest');
};
