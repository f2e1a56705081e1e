import { Counter, Trend } from 'k6/metrics';

/** From the moment somebody sends a change to the moment a watcher has it; both are in this process. */
export const fanout = new Trend('rollcall_fanout_latency', true);
export const welcome = new Trend('rollcall_connect_to_welcome', true);
export const snapshot = new Trend('rollcall_connect_to_snapshot', true);
/** Somebody was shown offline, or had a transition, although they never left for longer than the grace. */
export const falseOfflines = new Counter('rollcall_false_offlines');
/** A close with a code that the scenario has no reason to expect. */
export const unexpectedCloses = new Counter('rollcall_unexpected_closes');
/** Attempts that brought no connection; they are made again. */
export const refused = new Counter('rollcall_refused_connections');
/** What the service called a mistake of ours. */
export const errorFrames = new Counter('rollcall_error_frames');
/** Changes that should have been seen and were not. */
export const missed = new Counter('rollcall_missed_changes');
/** Changes seen. */
export const seen = new Counter('rollcall_seen_changes');
/** Connections closed because their node restarts. */
export const restarts = new Counter('rollcall_restart_closes');

/** Counters appear in the summary, and thresholds judge them, also when nothing was ever counted. */
export const beginAtZero = (): void => {
  for (const counter of [falseOfflines, unexpectedCloses, refused, errorFrames, missed, seen, restarts])
    counter.add(0);
};
