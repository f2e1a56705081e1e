/**
 * The pause after one more failure: doubles from the first one up to a bound.
 *
 * @param failures - in a row before that one.
 */
export const backoff = (failures: number, firstMs: number, mostMs: number): number =>
  Math.min(mostMs, firstMs * 2 ** failures);

/** Between half of a pause and all of it, so that what failed together does not try again together. */
export const jittered = (ms: number, random: () => number): number => ms * (0.5 + random() / 2);
