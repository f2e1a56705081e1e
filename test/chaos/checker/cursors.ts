import type { Case } from './case.ts';
import type { Violation } from './violation.ts';

/** A backend that resumes from its cursor has read every entry, or was told `reset` where one is missing (G9). */
export const cursorsMissNothing = (run: Case): Violation[] => {
  const { log, cursorReads } = run.history;
  const read = new Set(
    cursorReads.flatMap((each) => (each.kind === 'read' ? [`${each.partition} ${each.id}`] : [])),
  );
  const resets = cursorReads.flatMap((each) => (each.kind === 'reset' ? [each] : []));
  const lastAt = Math.max(0, ...cursorReads.map(({ at }) => at));
  return log
    .filter(({ partition, id, seenAt }) => !read.has(`${partition} ${id}`) && seenAt < lastAt)
    .filter(
      ({ partition, id, seenAt }) =>
        !resets.some((reset) => reset.partition === partition && reset.cursor < id && seenAt <= reset.at),
    )
    .map(({ seenAt, user, status, id }) => ({
      rule: 'cursorsMissNothing',
      at: seenAt,
      user,
      what: `${status} (entry ${id}) was passed over without a reset`,
    }));
};

/** `reset` is told only when data was lost. */
export const resetsHaveAReason = (run: Case): Violation[] =>
  run.history.cursorReads
    .filter((each) => each.kind === 'reset' && !run.faults.losses.some((lostAt) => lostAt <= each.at))
    .map(({ at, partition }) => ({
      rule: 'resetsHaveAReason',
      at,
      what: `partition ${partition} told a reset though nothing was lost`,
    }));
