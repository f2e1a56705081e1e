/** Longest delay between attempts, ms. */
const MAX_BACKOFF_MS = 30_000;
/** Timers of Node overflow beyond this. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Full jitter, so that a fleet that lost its server does not return at one moment. */
export const backoff = (attempt: number, baseMs: number): number =>
  Math.max(100, Math.random() * Math.min(MAX_BACKOFF_MS, baseMs * 2 ** attempt));

/** Resolves after `ms`, or as soon as the signal aborts. */
export const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.min(ms, MAX_TIMER_MS));
    signal?.addEventListener('abort', end, { once: true });
  });
