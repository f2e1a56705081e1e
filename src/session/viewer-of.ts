import type { Principal } from '../auth/principal.ts';
import type { Settings } from '../config/settings.ts';
import type { Viewer } from '../fanout/visibility.ts';
import { mayWatchTenant, mayWatchUsers } from './admission.ts';

/** Whom a connection may see: by its token, the groups of its user, and the policy. */
export const viewerOf = (
  { principal, groups }: { readonly principal: Principal; readonly groups: readonly string[] },
  policy: Settings['watchPolicy'],
): Viewer => ({
  // A service of all tenants is no user of this one, not even the user of its name.
  ...(principal.service === undefined ? { self: principal.user } : { service: principal.service }),
  users: mayWatchUsers(principal),
  everyone: mayWatchTenant(principal),
  groups,
  sharedOnly: policy === 'groups',
});
