import { mayWatch, type PlacePolicy } from '../auth/place-rights.ts';
import type { Refused, WatchRequest } from '../fanout/fanout.ts';
import type { UnwatchFrame, WatchFrame } from '../protocol/client-frames.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { ackFrame } from '../protocol/server-frames.ts';
import { mayWatchTenant, mayWatchUsers } from './admission.ts';
import type { ClientSession } from './client-session.ts';
import type { Identity } from './identity.ts';

const requestOf = ({
  users,
  groups,
  tenant,
  places,
  top,
  count,
}: Partial<Omit<WatchFrame, 'type'>>): WatchRequest => ({
  ...(users !== undefined && { users }),
  ...(groups !== undefined && { groups }),
  ...(tenant !== undefined && { tenant }),
  ...(places !== undefined && { places }),
  ...(top !== undefined && { top }),
  ...(count !== undefined && { count }),
});

/** What keeps a request from being looked at; nothing is registered then. Whom the policy hides only fan-out knows. */
const objection = (
  { principal, groups: own }: Identity,
  { users, groups = [], tenant, places = [], count }: WatchFrame,
  policy: PlacePolicy,
): readonly [code: ErrorCode, message: string, refused?: Refused] | undefined => {
  if (tenant && !mayWatchTenant(principal)) return ['forbidden', 'this needs the scope watch:tenant'];
  if (tenant && users === undefined && groups.length + places.length === 0) return undefined;
  if (!mayWatchUsers(principal)) return ['forbidden', 'this needs the scope watch'];
  // Numbers show no member.
  const isOpen = count === true && mayWatchTenant(principal);
  const others = isOpen ? [] : groups.filter((group) => !own.includes(group));
  if (others.length > 0) return ['forbidden', 'only own groups may be watched', { groups: others }];
  const closed = places.filter((place) => !mayWatch(principal, place, policy));
  if (closed.length > 0) return ['forbidden', 'the token does not name these places', { places: closed }];
  return undefined;
};

/** @throws WatchError when nothing was registered. */
export const watch = async (session: ClientSession, frame: WatchFrame): Promise<void> => {
  const objected = objection(session.identity, frame, session.host.settings.placePolicy);
  if (objected !== undefined) {
    const [code, message, refused] = objected;
    session.sendError(code, message, frame.ref, refused);
    return;
  }
  await session.watcher.watch(requestOf(frame), frame.ref);
  if (frame.places !== undefined) session.host.typing.hearsIn(session);
};

export const unwatch = (session: ClientSession, { type: _, ref, ...what }: UnwatchFrame): void => {
  if (session.watches) session.watcher.unwatch(requestOf(what));
  if (what.places !== undefined) session.host.typing.hearsIn(session);
  session.send(ackFrame(ref));
};
