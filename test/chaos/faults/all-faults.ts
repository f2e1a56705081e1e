import { FAILOVER_FAULTS } from './failover-faults.ts';
import type { Fault } from './fault.ts';
import { LINK_FAULTS } from './link-faults.ts';
import { NODE_FAULTS } from './node-faults.ts';
import { REDIS_FAULTS } from './redis-faults.ts';
import { REFUSALS } from './refusals.ts';

/** Drawn from by every seed: their order, weights and number are part of what a seed means. */
export const FAULTS: readonly Fault[] = [...NODE_FAULTS, ...LINK_FAULTS, ...REDIS_FAULTS, ...FAILOVER_FAULTS];

const BY_KIND = new Map([...FAULTS, ...REFUSALS].map((fault) => [fault.kind, fault]));

/** @throws for a plan that names a fault there is no longer. */
export const faultOf = (kind: string): Fault => {
  const fault = BY_KIND.get(kind);
  if (fault === undefined) throw new Error(`there is no fault called ${kind}`);
  return fault;
};

export { REFUSALS };
