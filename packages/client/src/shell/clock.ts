import type { Platform } from '../types.ts';

/** The clocks drift this far apart at most while nothing is asleep, ms. */
const DRIFT_MS = 1_000;

/**
 * Milliseconds that never go back and count sleep. Monotonic clocks of some systems stand still while the device sleeps;
 * what the wall clock gained on it meanwhile is added. A wall clock that somebody sets back changes nothing.
 */
export const wakingClock = ({ monotonic, wall }: Pick<Platform, 'monotonic' | 'wall'>): (() => number) => {
  let slept = 0;
  let apart = wall() - monotonic();
  return () => {
    const running = monotonic();
    const drift = wall() - running - apart;
    if (Math.abs(drift) > DRIFT_MS) {
      apart += drift;
      slept += Math.max(0, drift);
    }
    return running + slept;
  };
};
