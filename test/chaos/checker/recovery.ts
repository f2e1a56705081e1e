import type { FaultRecord, History, Scope } from '../history/history.ts';
import type { Bounds } from '../timings.ts';
import { Case } from './case.ts';
import { stepsOf, toldBy } from './shown.ts';

/** How long after a fault the last watcher saw the last wrong status. */
export interface Recovery {
  readonly kind: string;
  readonly ms: number;
  /** Within it the truth is promised. */
  readonly promisedMs: number;
  /** Users whose truth stood still meanwhile, so that only the fault can be why they were shown wrong. */
  readonly users: number;
}

/**
 * Time to truth of every fault that had the time to heal alone: from the death of a node, or the end of any other fault,
 * to the last moment at which any watcher saw anything but the plain truth of somebody who did nothing meanwhile.
 */
export const recoveries = (history: History, bounds: Bounds): Recovery[] => {
  const run = new Case(history, bounds);
  const told = toldBy(run);
  return history.faults.flatMap((fault): Recovery[] => {
    const begin = fault.scope === 'death' ? fault.from : Math.max(fault.to, fault.lateAt ?? 0);
    const horizon = Math.min(begin + bounds.heal, history.endedAt);
    if (!isAlone(history, fault, horizon)) return [];
    const quiet = history.users.filter((user) => isQuiet(run, user, fault, horizon, bounds));
    let ms = 0;
    for (const user of quiet) {
      const person = run.person(user);
      const truth = person.solid.some(({ from, to }) => from <= horizon && horizon <= to)
        ? 'present'
        : 'offline';
      // Who has to come back first is true from then on.
      const since = Math.max(begin, lastArrival(run, user, horizon));
      for (const watcher of history.watchers) {
        if (watcher.readyAt === undefined || (watcher.endAt ?? history.endedAt) < horizon) continue;
        if (watcher.silences.some(({ to, from }) => from < horizon && to > begin)) continue;
        for (const step of stepsOf(watcher, told.get(watcher.id)?.get(user) ?? [], history.endedAt)) {
          const isWrong = (step.status === 'offline') !== (truth === 'offline');
          if (isWrong && step.from < horizon && step.to > since)
            ms = Math.max(ms, Math.min(step.to, horizon) - since);
        }
      }
    }
    return [{ kind: fault.kind, ms, promisedMs: promised(fault.scope, bounds), users: quiet.length }];
  });
};

const promised = (scope: Scope, { b, heal, rejoin, delivery }: Bounds): number =>
  ({ death: b, restart: 0, node: rejoin + delivery, store: heal, feed: delivery, none: 0 })[scope];

/** No other fault in its time to heal, nor shortly before it. */
const isAlone = ({ faults, endedAt }: History, fault: FaultRecord, horizon: number): boolean =>
  horizon < endedAt &&
  faults.every(
    (other) =>
      other === fault || other.scope === 'none' || other.from > horizon || other.to < fault.from - 3_000,
  );

const isQuiet = (run: Case, user: string, fault: FaultRecord, horizon: number, bounds: Bounds): boolean => {
  const person = run.person(user);
  const since = fault.from - bounds.offlineGraceMs - 1_500;
  const isOwn = (moment: number | undefined): boolean =>
    moment !== undefined && moment > since && moment < horizon;
  if (person.claims.length > 0) return false;
  return person.connections.every(({ dialAt, end }) => {
    const comesBack = person.connections.some((other) => {
      const how = other.end?.how;
      return (how === 'lost' || how === 'drain') && isOwn(other.end?.at);
    });
    if (isOwn(dialAt) && !comesBack) return false;
    return !isOwn(end?.at) || end?.how === 'lost' || end?.how === 'drain' || end?.how === 'gave-up';
  });
};

const lastArrival = (run: Case, user: string, horizon: number): number =>
  Math.max(
    0,
    ...run
      .person(user)
      .connections.map(({ welcomeAt }) => welcomeAt ?? 0)
      .filter((welcomeAt) => welcomeAt < horizon),
  );
