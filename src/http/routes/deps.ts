import type { TokenIssuer } from '../../auth/issuer.ts';
import type { Settings } from '../../config/settings.ts';
import type { UserRef } from '../../domain/model.ts';
import type { LastSeenPrecision } from '../../domain/show.ts';
import type { NodeInfo } from '../../store/port/registry.ts';
import type { PresenceStore } from '../../store/presence-store.ts';
import type { Clock } from '../../time/clock.ts';

/** The dependencies of the routes besides the request. */
export interface RouteDeps {
  readonly store: PresenceStore;
  /** Who is in the cluster. @throws StoreError `unavailable`. */
  nodes(): Promise<readonly NodeInfo[]>;
  readonly issuer: Pick<TokenIssuer, 'issue'>;
  readonly maxTokenTtlS: number;
  readonly lastSeen: LastSeenPrecision;
  readonly placePolicy: Settings['placePolicy'];
  /** Ends what a person types, before they hide. */
  silence(ref: UserRef): void;
  readonly clock: Pick<Clock, 'wall'>;
}
