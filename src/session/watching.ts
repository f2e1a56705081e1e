import type { Refused } from '../fanout/fanout.ts';
import type { UnwatchFrame, WatchFrame } from '../protocol/client-frames.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { ackFrame } from '../protocol/server-frames.ts';
import { mayWatchTenant, mayWatchUsers } from './admission.ts';
import type { ClientSession } from './client-session.ts';
import type { Identity } from './identity.ts';

const requestOf = ({ users, groups, tenant }: WatchFrame | UnwatchFrame) => ({
  ...(users !== undefined && { users }),
  ...(groups !== undefined && { groups }),
  ...(tenant !== undefined && { tenant }),
});

/** What keeps a request from being looked at; nothing is registered then. Whom the policy hides only fan-out knows. */
const objection = (
  { principal, groups: own }: Identity,
  { users, groups, tenant, places, count }: WatchFrame,
): readonly [code: ErrorCode, message: string, refused?: Refused] | undefined => {
  if ((places ?? count) !== undefined)
    return ['unavailable', 'places and numbers are not served by this node'];
  if (tenant && !mayWatchTenant(principal)) return ['forbidden', 'this needs the scope watch:tenant'];
  if ((users ?? groups) === undefined) return undefined;
  if (!mayWatchUsers(principal)) return ['forbidden', 'this needs the scope watch'];
  const others = (groups ?? []).filter((group) => !own.includes(group));
  if (others.length > 0) return ['forbidden', 'only own groups may be watched', { groups: others }];
  return undefined;
};

/** @throws WatchError when nothing was registered. */
export const watch = async (session: ClientSession, frame: WatchFrame): Promise<void> => {
  const objected = objection(session.identity, frame);
  if (objected !== undefined) {
    const [code, message, refused] = objected;
    session.sendError(code, message, frame.ref, refused);
  } else await session.watcher.watch(requestOf(frame), frame.ref);
};

export const unwatch = (session: ClientSession, frame: UnwatchFrame): void => {
  if (session.watches) session.watcher.unwatch(requestOf(frame));
  session.send(ackFrame(frame.ref));
};
