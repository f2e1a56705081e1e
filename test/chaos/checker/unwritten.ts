import type { Case } from './case.ts';
import type { Interval } from './interval.ts';
import type { Violation } from './violation.ts';

/**
 * Whatever the store does, nobody who was welcomed is read as `offline`, with 200: a node that could not write them down
 * within the time in which it must say so says that it does not know, and so does every other (G5, G13). Where the store
 * answered before the welcome there is no such time: it knows of them, also while it gathers what it lost. Asked at every
 * moment, faults of the store included.
 */
export const readsNeverGuess = (run: Case): Violation[] =>
  run.history.reads.flatMap(({ user, status, askedAt, answeredAt, slot }) => {
    if (status !== 'offline') return [];
    const person = run.person(user);
    if (person.claimed({ from: askedAt - run.bounds.b, to: answeredAt }).has('invisible')) return [];
    const there = person.connections.find((connection) => {
      const { welcomeAt, end } = connection;
      if (welcomeAt === undefined || welcomeAt + run.faults.unknownFor(connection) > askedAt) return false;
      if ((end?.at ?? Number.POSITIVE_INFINITY) <= answeredAt + run.faults.blur) return false;
      return !run.faults.mayBeForgotten(connection, answeredAt);
    });
    if (there === undefined || there.welcomeAt === undefined) return [];
    const forS = ((askedAt - there.welcomeAt) / 1_000).toFixed(1);
    const what = `was welcomed by node ${there.slot} ${forS} s before, but node ${slot} answered offline`;
    return [{ rule: 'readsNeverGuess', at: answeredAt, user, what }];
  });

/**
 * While Redis refuses every write each node says so: within two heartbeats every watcher is told `degraded`, until writes
 * are possible again, and after a time to live more `/readyz` is not 200 (G13).
 */
export const refusalIsTold = (run: Case): Violation[] =>
  run.faults.list.flatMap(({ kind, refusedFrom, refusedTo }): Violation[] => {
    if (refusedFrom === undefined) return [];
    const to = refusedTo ?? run.history.endedAt;
    const from = refusedFrom + run.faults.unwritten;
    // Who is not ready gets no new clients: a node is only after the time that would have ended its lease.
    const unready = { from: from + run.bounds.heartbeatTtlMs, to };
    return [...wrongReadiness(run, kind, unready), ...untoldWatchers(run, kind, { from, to })];
  });

const wrongReadiness = (run: Case, kind: string, { from, to }: Interval): Violation[] =>
  run.history.readiness
    .filter(
      ({ isReady, askedAt, at, slot }) => isReady && askedAt > from && at < to && isCalm(run, slot, from),
    )
    .map(({ at, slot }) => ({
      rule: 'refusalIsTold',
      at,
      what: `node ${slot} said that it is ready: ${kind}`,
    }));

const untoldWatchers = (run: Case, kind: string, { from, to }: Interval): Violation[] =>
  run.history.watchers.flatMap(({ name, slot, readyAt, endAt, degraded, silences }): Violation[] => {
    const isThere = readyAt !== undefined && readyAt < from && (endAt ?? run.history.endedAt) > to;
    if (!isThere || from >= to || !isCalm(run, slot, from)) return [];
    if (silences.some((silence) => silence.from < to && silence.to > from - run.faults.unwritten)) return [];
    if (degraded.some((each) => each.from <= from && each.to >= to - run.faults.blur)) return [];
    return [
      { rule: 'refusalIsTold', at: from, what: `${name} was not told that its node is degraded: ${kind}` },
    ];
  });

/** Nothing else happened to the node that could keep it from noticing. */
const isCalm = (run: Case, slot: number, from: number): boolean =>
  !run.faults.list.some(
    (fault) =>
      fault.scope !== 'none' &&
      (fault.slots.includes(slot) || (fault.scope === 'store' && fault.refusedFrom === undefined)) &&
      fault.from < from &&
      Math.max(fault.to, fault.lateAt ?? 0) > from - run.faults.unwritten - run.bounds.b,
  );
