/** What parts that wait take time from. */
export interface Timing {
  /** ms of a monotonic clock. */
  now(): number;
  /** Runs once after a while. @returns a function that cancels it. */
  schedule(run: () => void, ms: number): () => void;
}

/** {@link Timing.schedule} by the timers of the process. */
export const schedule: Timing['schedule'] = (run, ms) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};
