import type { Turn } from './turn.ts';

/** Activity is told at most this often, ms. */
const TELL_MS = 30_000;
/** Until `welcome` says after how long a device is idle, ms. */
const DEFAULT_IDLE_MS = 300_000;

const idleAfter = (turn: Turn): number =>
  (turn.state.welcome?.idleAfterMs ?? DEFAULT_IDLE_MS) || Number.POSITIVE_INFINITY;

/** Nobody has used this device for a while, as far as it can be seen, or the application says so. */
export const isIdle = (turn: Turn): boolean => {
  const { activity, config } = turn.state;
  return activity.idle || (config.automatic && turn.now - activity.last > idleAfter(turn));
};

const tellActive = (turn: Turn): void => {
  turn.state.activity = { ...turn.state.activity, told: turn.now };
  turn.send({ type: 'activity', state: 'active' });
};

/** Somebody uses the device. The first sign after a rest is told at once. */
export const active = (turn: Turn): void => {
  const wasIdle = isIdle(turn);
  const { told } = turn.state.activity;
  turn.state.activity = { last: turn.now, told, idle: false };
  if (turn.isUp && (wasIdle || turn.now - told >= TELL_MS)) tellActive(turn);
};

export const idle = (turn: Turn): void => {
  const { activity } = turn.state;
  if (activity.idle) return;
  turn.state.activity = { ...activity, idle: true };
  if (turn.isUp) turn.send({ type: 'activity', state: 'idle' });
};

/** @param wasIdle - the connection was opened idle: what happened since is told. */
export const welcomedIdle = (turn: Turn, wasIdle: boolean): void => {
  const isNow = isIdle(turn);
  if (wasIdle && !isNow) tellActive(turn);
  else if (isNow && !wasIdle) turn.send({ type: 'activity', state: 'idle' });
  else if (!isNow) turn.state.activity = { ...turn.state.activity, told: turn.now };
};
