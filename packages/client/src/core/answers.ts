import type { Pending } from './state.ts';
import type { Turn } from './turn.ts';

/** For an `ack`, ms. The service itself answers sooner, or says that it cannot. */
const ANSWER_MS = 10_000;

/** Sends a frame whose `ack` somebody waits for. */
export const awaitAnswer = (turn: Turn, frame: object, what: Omit<Pending, 'due'>): void => {
  const ref = turn.ref();
  const due = turn.now + ANSWER_MS;
  turn.map('pending').set(ref, { ...what, due });
  turn.sooner('answers', due);
  turn.send({ ...frame, ref });
};

/** Takes what a `ref` waits for. */
export const takePending = (turn: Turn, ref: string | undefined): Pending | undefined => {
  const pending = ref === undefined ? undefined : turn.state.pending.get(ref);
  if (pending) turn.map('pending').delete(ref as string);
  return pending;
};
