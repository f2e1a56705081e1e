import { StoreError } from '../store/presence-store.ts';
import type { EventFeed } from './feed.ts';

const pending = async (): Promise<never> => {
  throw new StoreError('unavailable', 'this call is not built yet');
};

/** Calls of the port that are being built. */
export abstract class PendingFeed {
  watermark: EventFeed['watermark'] = () => undefined;
  replay: EventFeed['replay'] = pending;
}
