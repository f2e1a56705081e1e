import type { TokenIssuer } from '../../auth/issuer.ts';
import type { LastSeenPrecision } from '../../domain/show.ts';
import type { NodeInfo, PresenceStore } from '../../store/presence-store.ts';

/** What the routes need besides the request. */
export interface RouteDeps {
  readonly store: PresenceStore;
  /** Who is in the cluster. @throws StoreError `unavailable`. */
  nodes(): Promise<readonly NodeInfo[]>;
  readonly issuer: Pick<TokenIssuer, 'issue'>;
  readonly maxTokenTtlS: number;
  readonly lastSeen: LastSeenPrecision;
  /** Wall clock, ms since the epoch. */
  now(): number;
}
