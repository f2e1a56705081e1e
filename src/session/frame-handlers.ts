import type { ActivityFrame } from '../protocol/client-frames.ts';
import type { ClientFrame, StatusFrame } from '../protocol/parse-frame.ts';
import { ackFrame, pongFrame } from '../protocol/server-frames.ts';
import { StoreError } from '../store/presence-store.ts';
import { mayConnect } from './admission.ts';
import { answerFailure } from './answer-failure.ts';
import type { ClientSession } from './client-session.ts';
import { renew } from './sign-in.ts';
import { unwatch, watch } from './watching.ts';

const isPresent = (session: ClientSession, ref: string | undefined): boolean => {
  if (mayConnect(session.principal)) return true;
  session.sendError('forbidden', 'this needs the scope connect', ref);
  return false;
};

const activity = (session: ClientSession, { state, ref }: ActivityFrame): void => {
  if (!isPresent(session, ref)) return;
  if (state === 'active') session.wasActive();
  else session.wasIdle();
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
  const { membership, settings } = session.host;
  session.wasActive();
  try {
    await within(membership.claim(session.ref, claim), settings.redisCommandTimeoutMs);
    session.send(ackFrame(ref));
  } catch (error) {
    answerFailure(session, error, ref);
  }
};

/** Does what a frame of somebody who is signed in asks for. Whatever goes wrong is answered; nothing is thrown. */
export const handleFrame = (session: ClientSession, frame: ClientFrame): void => {
  switch (frame.type) {
    case 'auth':
      void renew(session, frame);
      return;
    case 'watch':
      void watch(session, frame);
      return;
    case 'unwatch':
      unwatch(session, frame);
      return;
    case 'activity':
      activity(session, frame);
      return;
    case 'status':
      void status(session, frame);
      return;
    case 'typing':
      session.sendError('invalid', 'typing is not done by this version', frame.ref);
      return;
    case 'ping':
      session.send(pongFrame(frame.ref));
      return;
    case 'bye':
      session.close(1000, 'goodbye', 'goodbye');
      return;
  }
};
