import type { View } from '../../src/domain/model.ts';
import type { PresenceStore } from '../../src/store/presence-store.ts';

/** As nodes read again after a loss: first they tell what they know. */
export const readKnowing = async (
  store: PresenceStore,
  tenant: string,
  users: readonly string[],
  known: readonly View[],
): Promise<View[]> => {
  await store.reports.restore(tenant, known);
  return store.views.read(tenant, users);
};
