/** Tasks per turn of the event loop. */
const AT_ONCE = 500;

/** Runs some in each turn of the loop: each takes some microseconds, during which all other work waits. */
export const inTurns = (tasks: readonly (() => void)[]): void => {
  for (const task of tasks.slice(0, AT_ONCE)) task();
  if (tasks.length > AT_ONCE) setImmediate(() => inTurns(tasks.slice(AT_ONCE)));
};
