import { type PresenceStore, StoreError } from './presence-store.ts';

const pending = async (): Promise<never> => {
  throw new StoreError('unavailable', 'this call is not built yet');
};

/** Calls of the port that are being built. */
export abstract class PendingStore {
  explain: PresenceStore['explain'] = pending;
}
