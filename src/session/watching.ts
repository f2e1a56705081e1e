import type { UnwatchFrame, WatchFrame } from '../protocol/client-frames.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { ackFrame, goneFrame } from '../protocol/server-frames.ts';
import { mayWatchTenant, mayWatchUsers } from './admission.ts';
import type { ClientSession } from './client-session.ts';

/** Users named in one `gone` frame: a frame of ids of the greatest length stays below the usual limits of clients. */
const GONE_CHUNK = 500;

const GROUPS_LATER = 'watching groups is not done by this version';

const requestOf = ({ users, tenant }: WatchFrame | UnwatchFrame) => ({
  ...(users !== undefined && { users }),
  ...(tenant !== undefined && { tenant }),
});

/** Who shares a group with whom is not known to this version: under that policy one sees oneself, and no more. */
const mayWatch = ({ principal, host }: ClientSession, user: string): boolean =>
  mayWatchTenant(principal) ||
  (mayWatchUsers(principal) && (host.settings.watchPolicy === 'tenant' || user === principal.user));

/** What keeps a request from being looked at; nothing is registered then. */
const objection = (
  session: ClientSession,
  { users, groups, tenant }: WatchFrame,
): readonly [ErrorCode, string] | undefined => {
  const { principal } = session;
  if (groups !== undefined) return ['invalid', GROUPS_LATER];
  if (tenant && !mayWatchTenant(principal)) return ['forbidden', 'this needs the scope watch:tenant'];
  if (users === undefined) return undefined;
  if (!mayWatchUsers(principal)) return ['forbidden', 'this needs the scope watch'];
  if (!users.every((user) => mayWatch(session, user))) return ['forbidden', 'the policy does not allow this'];
  return undefined;
};

/** @throws WatchError when nothing was registered. */
export const watch = async (session: ClientSession, frame: WatchFrame): Promise<void> => {
  const { ref } = frame;
  const refused = objection(session, frame);
  if (refused !== undefined) {
    session.sendError(...refused, ref);
    return;
  }
  const { principal } = session;
  await session.watcher.watch(requestOf(frame), ref);
  // A renewal may have taken the scope away while the snapshot was read.
  if (!session.over && session.principal !== principal) dropForbidden(session);
};

export const unwatch = (session: ClientSession, frame: UnwatchFrame): void => {
  if (frame.groups !== undefined) {
    session.sendError('invalid', GROUPS_LATER, frame.ref);
    return;
  }
  if (session.watches) session.watcher.unwatch(requestOf(frame));
  session.send(ackFrame(frame.ref));
};

/** Ends the watches that the current token does not allow, and says which. */
export const dropForbidden = (session: ClientSession): void => {
  const { principal, watcher } = session;
  if (mayWatchTenant(principal)) return;
  const { users, tenant } = watcher.watching;
  if (tenant) {
    watcher.unwatch({ tenant: true });
    session.send(goneFrame({ tenant: true }));
  }
  const gone = [...users].filter((user) => !mayWatch(session, user));
  if (gone.length === 0) return;
  watcher.unwatch({ users: gone });
  for (let from = 0; from < gone.length; from += GONE_CHUNK) {
    session.send(goneFrame({ users: gone.slice(from, from + GONE_CHUNK) }));
  }
};
