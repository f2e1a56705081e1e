import type { LogRecord } from '../history/history.ts';
import { ALLOWED, isUnstored, nobodyKnew } from './allowances.ts';
import type { Case } from './case.ts';
import { at } from './interval.ts';
import type { Presence } from './presence.ts';
import type { Violation } from './violation.ts';

const BLUR = ALLOWED.decisionBlurMs;

/**
 * When no data was lost, each transition of a user in the log starts from where the one before it ended and changes
 * what is shown: a first connection makes exactly one `online`, the last one's end exactly one `offline` (G1).
 */
export const onceEach = (run: Case): Violation[] => {
  const found: Violation[] = [];
  for (const [user, log] of run.logOf) {
    let before: LogRecord | undefined;
    for (const record of log) {
      const last = before;
      before = record;
      if (run.faults.lostBetween(last?.seenAt ?? run.history.begunAt, record.seenAt)) continue;
      const expected = last?.status ?? 'offline';
      if (record.status !== expected && record.previous === expected) continue;
      const what = `went from ${record.previous} to ${record.status} (${record.reason}) after having been ${expected}`;
      found.push({ rule: 'onceEach', at: record.seenAt, user, what });
    }
  }
  return found;
};

/**
 * Nobody who stayed has a transition that nothing they did explains: not while nodes die, pause and restart, not after
 * a loss of data, and no `offline` above all (G2, G5, G6). Who reconnected inside the grace has stayed.
 */
export const steady = (run: Case): Violation[] => {
  const found: Violation[] = [];
  for (const [user, log] of run.logOf) {
    const person = run.person(user);
    for (const record of log) {
      const moment = run.momentOf(record);
      const stay = person.stays.find(({ from, to }) => from + BLUR < moment && moment < to - BLUR);
      if (stay === undefined) continue;
      const explained = explanation(run, person, stay.from, moment);
      const could = explained.statuses.has(record.status);
      if (record.status !== 'offline' && could && nobodyKnew(run, person, moment)) continue;
      if (could && (explained.arrives || explained.claims)) continue;
      // The end of an absence before this stay, recorded as soon as the store could, and before the arrival.
      if (record.status === 'offline' && explained.arrives && isUnstored(person, stay.from)) continue;
      const what = `turned ${record.status} (${record.reason}) although connected all along`;
      found.push({ rule: 'steady', at: moment, user, what });
    }
  }
  return found;
};

const explanation = (run: Case, person: Presence, since: number, moment: number) => {
  const { gather } = run.bounds;
  const claimed = [...person.claimed({ from: moment - BLUR, to: moment + BLUR })];
  return {
    statuses: new Set(
      claimed.map((claim) => (claim === null ? 'online' : claim === 'invisible' ? 'offline' : claim)),
    ),
    // Whose welcome did not wait for the store is stored a little later.
    arrives: moment < run.faults.deadline(since, gather, person.slotsOf(since)),
    claims: person.claims.some((claim) => claim.at - BLUR <= moment && moment <= person.claimSettles(claim)),
  };
};

/** Nobody appears who has no connection: nothing of a fenced epoch, and nothing late, brings anybody back (G4). */
export const noGhosts = (run: Case): Violation[] => {
  const found: Violation[] = [];
  for (const [user, log] of run.logOf) {
    const person = run.person(user);
    for (const record of log) {
      if (record.status === 'offline') continue;
      const moment = run.momentOf(record);
      const gone = { from: moment - BLUR, to: moment + BLUR };
      const mayBeThere =
        at(person.possible, gone.from) ?? at(person.possible, gone.to) ?? at(person.possible, record.seenAt);
      // A change of what is shown within a grace needs no connection.
      if (mayBeThere !== undefined || record.previous !== 'offline') continue;
      const what = `turned ${record.status} (${record.reason}) without any connection`;
      found.push({ rule: 'noGhosts', at: moment, user, what });
    }
  }
  return found;
};
