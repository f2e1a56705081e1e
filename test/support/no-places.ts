import type { PlaceMembership } from '../../src/node/membership.ts';

/** Nobody here is in a place. */
export const NO_PLACES: PlaceMembership = {
  enter: async () => undefined,
  exit: async () => undefined,
  withdraw: () => undefined,
  of: () => [],
  shows: () => false,
};
