import { mayEnter, mayWatch } from '../auth/place-rights.ts';
import type { Watcher } from '../fanout/fanout.ts';
import type { LeaveFrame } from '../protocol/client-frames.ts';
import type { EnterFrame } from '../protocol/parse-frame.ts';
import { ackFrame } from '../protocol/server-frames.ts';
import { mayWatchUsers } from './admission.ts';
import type { ClientSession } from './client-session.ts';
import type { Identity } from './identity.ts';
import { isPresent } from './is-present.ts';

/** No activity: a page that enters by itself when it is loaded is none. @throws StoreError */
export const enter = async (session: ClientSession, { place, data, ref }: EnterFrame): Promise<void> => {
  if (!isPresent(session, ref)) return;
  const { identity, host } = session;
  const { placePolicy, maxPlacesPerConnection } = host.settings;
  if (!mayEnter(identity.principal, place, placePolicy)) {
    host.metrics.placesRejected.inc({ reason: 'forbidden' });
    session.sendError('forbidden', 'the token does not name this place', ref, { places: [place] });
    return;
  }
  await host.membership.places.enter(identity, place, data, maxPlacesPerConnection);
  session.send(ackFrame(ref));
};

/** @throws StoreError */
export const leave = async (session: ClientSession, { place, ref }: LeaveFrame): Promise<void> => {
  if (!isPresent(session, ref)) return;
  await session.host.membership.places.exit(session.identity, place);
  session.send(ackFrame(ref));
};

/** Takes away what a new token does not name. @returns the places that are not watched any more. */
export const endWatches = (
  { principal, session }: Identity,
  watcher: Pick<Watcher, 'dropPlaces'>,
): readonly string[] => {
  const { placePolicy } = session.host.settings;
  const isAllowed = mayWatchUsers(principal);
  return watcher.dropPlaces((place) => !isAllowed || !mayWatch(principal, place, placePolicy));
};
