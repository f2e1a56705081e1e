import type { ChildProcess } from 'node:child_process';
import { until } from './until.ts';

/** Processes this one started and has not seen end: nothing may outlive a test run that fails half-way. */
const owned = new Set<ChildProcess>();

const killAll = (): void => {
  for (const child of owned) child.kill('SIGKILL');
};
process.on('exit', killAll);
// A test worker that is terminated, or whose runner has died, ends without `exit`.
process.on('disconnect', killAll);
process.once('SIGTERM', () => {
  killAll();
  process.exit(143);
});

/** Registers a child so that it dies with this process at the latest. */
export const own = <C extends ChildProcess>(child: C): C => {
  owned.add(child);
  child.once('exit', () => owned.delete(child));
  return child;
};

export const hasExited = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

/** Sends a signal and waits for the end; past the deadline the process is killed and the call fails. */
export const end = async (child: ChildProcess, signal: NodeJS.Signals, timeoutMs = 10_000): Promise<void> => {
  if (hasExited(child)) return;
  // A stopped process takes no signal but SIGKILL until it goes on.
  if (signal !== 'SIGKILL') child.kill('SIGCONT');
  child.kill(signal);
  try {
    await until(() => hasExited(child), { timeoutMs, what: `the end of process ${child.pid}` });
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
};
