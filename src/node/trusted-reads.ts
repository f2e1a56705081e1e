import { type PresenceStore, StoreError } from '../store/presence-store.ts';
import type { ClusterHealth } from './cluster-health.ts';

/** Calls that answer from rows, which a store without writes no longer keeps up to date. */
export const READS: ReadonlySet<string | symbol> = new Set<keyof PresenceStore>([
  'read',
  'readSelf',
  'page',
  'count',
  'groupPage',
  'groupCount',
  'groupMembers',
  'explain',
]);

/**
 * The store as it may be read: while it refuses the writes of nodes, its reads answer `unavailable` instead of what
 * is no longer true. Users who came since then would be `offline` in them.
 */
export const trustedReads = (store: PresenceStore, health: Pick<ClusterHealth, 'trusted'>): PresenceStore => {
  const refuse = async (): Promise<never> => {
    throw new StoreError(
      'unavailable',
      'the store refuses the writes of nodes, so its answers may be wrong; try again later',
    );
  };
  const methods = new Map<string | symbol, unknown>();
  return new Proxy(store, {
    get: (target, name) => {
      if (READS.has(name) && !health.trusted) return refuse;
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      // Bound to the store itself, whose private fields are not the proxy's.
      if (!methods.has(name)) methods.set(name, value.bind(target));
      return methods.get(name);
    },
  });
};
