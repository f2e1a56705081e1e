/** npm passes a Ctrl-C on to a script that the terminal has already told: within this time it is the same one. */
const SAME_SIGNAL_MS = 1_000;

/**
 * Runs `stop` once on the first SIGINT, SIGTERM or SIGHUP and ends with code 0; a second one, later, ends at once
 * (children are killed by their exit hooks).
 */
export const onSignal = (stop) => {
  let since;
  const handle = (signal) => {
    if (since !== undefined) {
      if (Date.now() - since > SAME_SIGNAL_MS) process.exit(130);
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
};
