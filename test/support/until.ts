import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** How long to wait at most, ms. */
  readonly timeoutMs?: number;
  /** How often to look, ms. */
  readonly everyMs?: number;
  /** Named in the error. */
  readonly what?: string;
}

/**
 * Waits for a condition: returns the first truthy value, asking again until then. An error thrown by the condition
 * counts as "not yet", and is the cause of the final error.
 */
export const until = async <T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 20, what = 'the condition' }: UntilOptions = {},
): Promise<NonNullable<T>> => {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) return value as NonNullable<T>;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`${what} did not come true within ${timeoutMs} ms`, { cause: last });
    }
    await sleep(everyMs);
  }
};

/**
 * Asserts that something stays true for a while: looks again and again, fails at the first time it does not hold.
 * For "nothing happens" there is no event to wait for.
 */
export const holds = async (
  condition: () => boolean | Promise<boolean>,
  forMs: number,
  what = 'the condition',
): Promise<void> => {
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    if (!(await condition())) throw new Error(`${what} stopped holding`);
    await sleep(Math.min(25, forMs));
  }
};
