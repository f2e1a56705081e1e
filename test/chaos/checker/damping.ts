import type { LogRecord } from '../history/history.ts';
import type { Case } from './case.ts';
import type { Violation } from './violation.ts';

/** These make an `offline` that nothing holds back (SPEC, damping). */
const NEVER_HELD: ReadonlySet<string> = new Set(['goodbye', 'revoked']);
/** A claim may hide somebody, which nothing holds back either. */
const hides = ({ status, reason }: LogRecord): boolean =>
  status === 'offline' && (NEVER_HELD.has(reason) || reason === 'claim');

/**
 * Where transitions are damped nobody makes more of them, over all nodes, than a burst and then one an interval; what a
 * store lost with its data begins anew.
 */
export const dampingHolds = (run: Case): Violation[] => {
  const { damping } = run.history;
  if (damping === undefined) return [];
  const found: Violation[] = [];
  for (const [user, log] of run.logOf) {
    let tokens: number = damping.burst;
    let before: LogRecord | undefined;
    for (const record of log) {
      const moment = run.momentOf(record);
      const isNew = before === undefined || run.faults.lostBetween(before.seenAt, record.seenAt);
      const passed = before === undefined ? 0 : moment - run.momentOf(before);
      tokens = isNew ? damping.burst : Math.min(damping.burst, tokens + passed / damping.intervalMs);
      before = record;
      if (hides(record)) continue;
      tokens -= 1;
      if (tokens > -run.faults.dampingBlur(damping.intervalMs)) continue;
      const what = `turned ${record.status} (${record.reason}) although damped: ${damping.burst} at once, then one in ${damping.intervalMs} ms`;
      found.push({ rule: 'dampingHolds', at: moment, user, what });
    }
  }
  return found;
};
