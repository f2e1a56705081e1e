import { type PresenceStore, StoreError } from './presence-store.ts';

const pending = async (): Promise<never> => {
  throw new StoreError('unavailable', 'this call is not built yet');
};

/** Calls of the port that are being built. */
export abstract class PendingStore {
  end: PresenceStore['end'] = pending;
  forget: PresenceStore['forget'] = pending;
  revocations: PresenceStore['revocations'] = pending;
  explain: PresenceStore['explain'] = pending;
}
