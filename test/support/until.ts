import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

export interface UntilOptions {
  /** How long to wait at most, ms. */
  readonly timeoutMs?: number;
  /** How often to look, ms. */
  readonly everyMs?: number;
  /** Named in the error. */
  readonly what?: string;
  /** What the condition looks at: asked once more when the time is over, and repeated in the error. */
  readonly saw?: () => unknown;
}

/** How much of a condition and of what was seen an error repeats, characters. */
const REPORTED_CONDITION = 300;
const REPORTED_SEEN = 1_500;

/**
 * Waits for a condition: returns the first truthy value, asking again until then. An error thrown by the condition
 * counts as "not yet", and is the cause of the final error. The final error says which condition it was, what it gave
 * last and how often it was asked: a test that fails by a timeout alone says too little.
 */
export const until = async <T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 20, what = 'the condition', saw }: UntilOptions = {},
): Promise<NonNullable<T>> => {
  const deadline = performance.now() + timeoutMs;
  let outcome = '';
  let cause: unknown;
  for (let asked = 1; ; asked++) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) return value as NonNullable<T>;
      outcome = `gave ${value}`;
      cause = undefined;
    } catch (error) {
      outcome = `threw ${error instanceof Error ? `${error.name}: ${error.message}` : inspect(error)}`;
      cause = error;
    }
    if (performance.now() > deadline) {
      const source = condition.toString().replaceAll(/\s+/g, ' ').slice(0, REPORTED_CONDITION);
      const last = `the last of ${asked} looks ${outcome}${await seen(saw)}`;
      throw new Error(`${what} did not come true within ${timeoutMs} ms: ${last}; it was ${source}`, {
        cause,
      });
    }
    await sleep(everyMs);
  }
};

const seen = async (saw: (() => unknown) | undefined): Promise<string> => {
  if (saw === undefined) return '';
  try {
    const what = inspect(await saw(), {
      depth: 6,
      breakLength: Number.POSITIVE_INFINITY,
      maxArrayLength: 40,
    });
    return ` and saw ${what.slice(0, REPORTED_SEEN)}`;
  } catch (error) {
    return ` and could not look: ${String(error)}`;
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
  const begun = performance.now();
  const end = begun + forMs;
  while (performance.now() < end) {
    if (!(await condition()))
      throw new Error(
        `${what} stopped holding after ${Math.round(performance.now() - begun)} of ${forMs} ms: ` +
          condition.toString().replaceAll(/\s+/g, ' ').slice(0, REPORTED_CONDITION),
      );
    await sleep(Math.min(25, forMs));
  }
};
