/** npm passes a Ctrl-C on to a script that the terminal has already told: within this time it is the same one. */
const SAME_SIGNAL_MS = 1_000;

const PARENT_POLL_MS = 500;

/**
 * npm runs scripts through a shell. A SIGTERM for npm ends that shell, which tells nobody: its end is the signal.
 * Without npm a launcher may outlive the shell it was started from.
 */
const onShellGone = (handle) => {
  if (process.env.npm_lifecycle_event === undefined) return;
  const shell = process.ppid;
  setInterval(() => {
    if (process.ppid !== shell) handle('SIGTERM');
  }, PARENT_POLL_MS).unref();
};

/**
 * Runs `stop` once on the first SIGINT, SIGTERM or SIGHUP and ends with code 0; a second one, later, ends at once
 * (children are killed by their exit hooks).
 */
export const onSignal = (stop) => {
  let since;
  const handle = (signal) => {
    if (since !== undefined) {
      // Asked before, and impatient now.
      if (signal === 'SIGINT' && Date.now() - since > SAME_SIGNAL_MS) process.exit(130);
      return;
    }
    since = Date.now();
    console.log(`\n${signal === 'SIGINT' ? 'Stopping' : `${signal}: stopping`} …`);
    stop().then(
      () => process.exit(0),
      (error) => {
        console.error(`rollcall: could not stop cleanly: ${error.message}`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, handle);
  onShellGone(handle);
};
