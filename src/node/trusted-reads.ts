import type { Places } from '../store/port/places.ts';
import { StoreError } from '../store/port/store-error.ts';
import type { PresenceStore } from '../store/presence-store.ts';
import type { ClusterHealth } from './cluster-health.ts';

/**
 * The store as it may be read: while it refuses the writes of nodes, its reads answer `unavailable` instead of what
 * is no longer true. Users who came since then would be `offline` in them.
 */
export const trustedReads = (
  store: PresenceStore,
  health: Pick<ClusterHealth, 'trusted'>,
): PresenceStore => ({
  partitions: store.partitions,
  partitionOf: (owner) => store.partitionOf(owner),
  leases: store.leases,
  upkeep: store.upkeep,
  reports: store.reports,
  views: readable(store.views, () => health.trusted),
  groups: readable(store.groups, () => health.trusted),
  people: store.people,
  endings: store.endings,
  places: readable(store.places, () => health.trusted, PLACE_WRITES),
  registry: store.registry,
  start: () => store.start(),
  stop: () => store.stop(),
});

/** What is written is written, whatever may be read. */
const PLACE_WRITES: ReadonlySet<string | symbol> = new Set<keyof Places>(['enter', 'leave', 'putOut']);

/** A role whose calls, but for `writes`, are reads of rows: they are refused while `mayRead` answers no. */
const readable = <Role extends object>(
  role: Role,
  mayRead: () => boolean,
  writes: ReadonlySet<string | symbol> = new Set(),
): Role => {
  const calls = new Map<string | symbol, unknown>();
  return new Proxy(role, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (!mayRead() && !writes.has(name)) return refuse;
      // Bound to the role itself, whose private fields are not the proxy's.
      if (!calls.has(name)) calls.set(name, value.bind(target));
      return calls.get(name);
    },
  });
};

const refuse = async (): Promise<never> => {
  throw new StoreError(
    'unavailable',
    'the store refuses the writes of nodes, so its answers may be wrong; try again later',
  );
};
