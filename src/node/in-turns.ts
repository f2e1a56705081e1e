/** Tasks that are done in one go. */
const AT_ONCE = 500;

/** Does some in each turn of the loop: each takes some microseconds, and everybody else waits meanwhile. */
export const inTurns = (tasks: readonly (() => void)[]): void => {
  for (const task of tasks.slice(0, AT_ONCE)) task();
  if (tasks.length > AT_ONCE) setImmediate(() => inTurns(tasks.slice(AT_ONCE)));
};
