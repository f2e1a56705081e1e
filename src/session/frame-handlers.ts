import type { ActivityFrame, TypingFrame } from '../protocol/client-frames.ts';
import type { ClientFrame, NoteFrame, StatusFrame } from '../protocol/parse-frame.ts';
import { ackFrame, pongFrame } from '../protocol/server-frames.ts';
import { StoreError } from '../store/port/store-error.ts';
import { mayWatchUsers } from './admission.ts';
import { answerFailure } from './answer-failure.ts';
import type { ClientSession } from './client-session.ts';
import { isPresent } from './is-present.ts';
import { enter, leave } from './place-handlers.ts';
import { silence } from './typing.ts';
import { unwatch, watch } from './watching.ts';

const activity = (session: ClientSession, { state, ref }: ActivityFrame): void => {
  if (!isPresent(session, ref)) return;
  if (state === 'active') session.identity.wasActive();
  else session.identity.wasIdle();
};

/** Rejects when the promise has not settled in time; what becomes of it then is not waited for. */
const within = async (promise: Promise<void>, ms: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new StoreError('unavailable', 'not stored in time')), ms);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
};

const status = async (session: ClientSession, { claim, ref }: StatusFrame): Promise<void> => {
  if (!isPresent(session, ref)) return;
  const { identity, host } = session;
  const { membership, settings } = host;
  // Who hides leaves, and a goodbye is no activity: they were last seen when they were last active.
  if (claim.status !== 'invisible') identity.wasActive();
  else if (membership.hiding(identity.ref) !== 'hidden') silence(host, identity.ref);
  await within(membership.claim(identity.ref, claim), settings.redisCommandTimeoutMs);
  session.send(ackFrame(ref));
};

/** No activity: others see of a user who is hidden or gone that a note was set, and nothing else. */
const note = async (session: ClientSession, { note, ref }: NoteFrame): Promise<void> => {
  if (!isPresent(session, ref)) return;
  const { membership, settings } = session.host;
  await within(membership.note(session.identity.ref, note), settings.redisCommandTimeoutMs);
  session.send(ackFrame(ref));
};

/** By this connection, or as others see the person by another one. */
const isIn = ({ identity, host }: ClientSession, place: string): boolean => {
  const { places } = host.membership;
  return places.of(identity).includes(place) || places.shows(identity.ref, place);
};

const typing = (session: ClientSession, { to, on, ref }: TypingFrame): void => {
  if (!isPresent(session, ref)) return;
  const { principal, groups } = session.identity;
  if (!mayWatchUsers(principal)) {
    session.sendError('forbidden', 'this needs the scope watch', ref);
    return;
  }
  if ('place' in to && !isIn(session, to.place)) {
    session.sendError('forbidden', 'you are not in this place', ref);
    return;
  }
  if ('group' in to && !groups.includes(to.group)) {
    session.sendError('forbidden', 'this is no group of yours', ref);
    return;
  }
  session.identity.wasActive();
  if (!session.typing.say(to, on))
    session.sendError('rate_limited', 'too much typing: this was not passed on', ref);
};

const act = (session: ClientSession, frame: ClientFrame): Promise<void> | undefined => {
  switch (frame.type) {
    case 'auth':
      return session.renew(frame);
    case 'watch':
      return watch(session, frame);
    case 'status':
      return status(session, frame);
    case 'note':
      return note(session, frame);
    case 'enter':
      return enter(session, frame);
    case 'leave':
      return leave(session, frame);
    case 'unwatch':
      unwatch(session, frame);
      break;
    case 'activity':
      activity(session, frame);
      break;
    case 'typing':
      typing(session, frame);
      break;
    case 'ping':
      session.send(pongFrame(frame.ref));
      break;
    case 'bye':
      session.close(1000, 'goodbye', 'goodbye');
      break;
  }
  return undefined;
};

/**
 * Handles a frame of a signed-in client. Every failure is answered here, including bugs: rethrown, it would end the
 * process, and every other connection with it.
 */
export const handleFrame = (session: ClientSession, frame: ClientFrame): void => {
  const failed = (error: unknown): void => answerFailure(session, error, frame.ref);
  try {
    act(session, frame)?.catch(failed);
  } catch (error) {
    failed(error);
  }
};
