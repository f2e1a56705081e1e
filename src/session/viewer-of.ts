import type { Viewer } from '../fanout/visibility.ts';
import { mayWatchTenant, mayWatchUsers } from './admission.ts';
import type { ClientSession } from './client-session.ts';

/** Whom a connection may see: by its token, the groups of its user, and the policy. */
export const viewerOf = ({ principal, groups, host }: ClientSession): Viewer => ({
  // A service of all tenants is no user of this one, not even the user of its name.
  ...(principal.service === undefined ? { self: principal.user } : { service: principal.service }),
  users: mayWatchUsers(principal),
  everyone: mayWatchTenant(principal),
  groups,
  sharedOnly: host.settings.watchPolicy === 'groups',
});
