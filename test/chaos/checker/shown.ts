import type { ShownRecord, Status, WatcherRecord } from '../history/history.ts';
import type { Case } from './case.ts';
import type { Interval } from './interval.ts';
import { overlaps } from './interval.ts';
import type { Owed } from './presence.ts';
import type { Violation } from './violation.ts';

/** A status as a watcher had it before its eyes for a while. */
export interface Step extends Interval {
  readonly status: Status;
}

/** What one watcher saw of one user, from its first complete snapshot to its end. */
export const stepsOf = (watcher: WatcherRecord, told: readonly ShownRecord[], end: number): Step[] => {
  if (watcher.readyAt === undefined) return [];
  const last = watcher.endAt ?? end;
  const steps: Step[] = [];
  // Whom a snapshot of the tenant does not name is offline.
  let status: Status = 'offline';
  let from = Math.min(watcher.readyAt, told[0]?.at ?? watcher.readyAt);
  for (const each of told) {
    if (each.status !== status && each.at > from) steps.push({ from, to: each.at, status });
    if (each.status !== status) from = each.at;
    status = each.status;
  }
  if (last > from) steps.push({ from, to: last, status });
  return steps;
};

/** What was told, by watcher and user. */
export const toldBy = (run: Case): Map<number, Map<string, ShownRecord[]>> => {
  const told = new Map<number, Map<string, ShownRecord[]>>();
  for (const each of run.history.shown) {
    const users = told.get(each.watcher) ?? new Map<string, ShownRecord[]>();
    told.set(each.watcher, users);
    const list = users.get(each.user) ?? [];
    users.set(each.user, list);
    list.push(each);
  }
  return told;
};

/**
 * Every watcher sees the truth within the promised time, whatever happens: who is connected is shown so, who is not is
 * `offline`, and so it stays (G1, G3, G5, G7, G8, G11).
 */
export const truthIsShown = (run: Case): Violation[] => {
  const told = toldBy(run);
  const found: Violation[] = [];
  for (const [user, person] of run.people) {
    const owed = person.owed();
    for (const watcher of run.history.watchers) {
      const steps = stepsOf(watcher, told.get(watcher.id)?.get(user) ?? [], run.history.endedAt);
      for (const each of owed) {
        const wrong = firstWrong(run, watcher, each, steps);
        if (wrong !== undefined) found.push({ rule: 'truthIsShown', user, ...wrong });
      }
    }
  }
  return found;
};

const firstWrong = (run: Case, watcher: WatcherRecord, owed: Owed, steps: readonly Step[]) => {
  const due = { from: run.faults.dueFor(watcher, owed.from), to: owed.to };
  if (due.from >= due.to) return undefined;
  const wrong = steps.find((step) => overlaps(step, due) && !owed.allowed.has(step.status));
  if (wrong === undefined) return undefined;
  const at = Math.max(wrong.from, due.from);
  const seconds = ((Math.min(wrong.to, due.to) - at) / 1000).toFixed(1);
  const should = [...owed.allowed].join(' or ');
  return {
    at,
    what: `${owed.why}, so ${should}, but ${watcher.name} saw ${wrong.status} for ${seconds} s too long`,
  };
};

/** An answer over HTTP is right or is not given: never a wrong status (G5, G13). */
export const readsAreRight = (run: Case): Violation[] => {
  const owedOf = new Map([...run.people].map(([user, person]) => [user, person.owed()]));
  return run.history.reads.flatMap(({ user, status, askedAt, answeredAt, slot }) => {
    const owed = owedOf.get(user)?.find((each) => each.from <= askedAt && answeredAt <= each.to);
    if (owed === undefined || owed.allowed.has(status)) return [];
    const should = [...owed.allowed].join(' or ');
    const what = `${owed.why}, so ${should}, but node ${slot} answered ${status}`;
    return [{ rule: 'readsAreRight', at: answeredAt, user, what }];
  });
};
