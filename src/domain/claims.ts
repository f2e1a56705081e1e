import type { DayMs } from './clock.ts';
import type { Claim } from './model.ts';
import type { Row } from './row.ts';

/** Claims that services may hold for one user, beside the person's own. */
const MAX_CLAIMS = 8;

/**
 * Sets or clears the claim of a service. Each source has at most one.
 * @returns `false` when there are too many already.
 */
export const setClaim = (row: Row, source: string, claim: Claim | null, today: DayMs): boolean => {
  if (claim === null) {
    row.claims.delete(source);
    return true;
  }
  if (othersInForce(row, source, today) >= MAX_CLAIMS) return false;
  row.claims.set(source, claim);
  return true;
};

const othersInForce = (row: Row, source: string, today: DayMs): number => {
  let others = 0;
  for (const [other, { until }] of row.claims)
    if (other !== source && (until === undefined || until > today)) others += 1;
  return others;
};
