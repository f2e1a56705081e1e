import type { Case } from './case.ts';
import type { Violation } from './violation.ts';

/**
 * On one connection what a watcher is told of a user rises in `ver` strictly; only a repeated snapshot may repeat the
 * newest (G7).
 */
export const risingForWatchers = (run: Case): Violation[] => {
  const newest = new Map<string, number>();
  const found: Violation[] = [];
  for (const { at, watcher, user, ver, snapshot } of run.history.shown) {
    const key = `${watcher} ${user}`;
    const before = newest.get(key) ?? -1;
    if (snapshot ? ver < before : ver <= before)
      found.push({
        rule: 'risingForWatchers',
        at,
        user,
        what: `watcher ${watcher} got ver ${ver} after ${before}`,
      });
    newest.set(key, Math.max(before, ver));
  }
  return found;
};

/**
 * In the log of a partition ids rise, and `ver` rises for each user: over generations too, unless Redis went on with
 * a clock that is behind and no node had seen the higher one.
 */
export const risingInLog = (run: Case): Violation[] => {
  const found: Violation[] = [];
  const { hasOddClocks } = run.faults;
  const ids = new Map<string, number>();
  const vers = new Map<string, number>();
  for (const { seenAt, partition, gen, id, user, ver } of run.history.log) {
    const log = hasOddClocks ? `${partition} ${gen}` : String(partition);
    if (id <= (ids.get(log) ?? 0))
      found.push({ rule: 'risingInLog', at: seenAt, user, what: `entry ${id} came after ${ids.get(log)}` });
    ids.set(log, id);
    const key = hasOddClocks ? `${gen} ${user}` : user;
    if (ver <= (vers.get(key) ?? 0))
      found.push({ rule: 'risingInLog', at: seenAt, user, what: `ver ${ver} came after ${vers.get(key)}` });
    vers.set(key, ver);
  }
  return found;
};

/**
 * What a watcher was told as a change is in the log: decided and recorded at once. What a store lost before the reader of
 * the log came by can only be told for a moment longer, or by a node that was away, once that is back.
 */
export const toldIsLogged = (run: Case): Violation[] => {
  const logged = new Set(run.history.log.map(({ user, ver }) => `${user} ${ver}`));
  const slotOf = new Map(run.history.watchers.map(({ id, slot }) => [id, slot]));
  return run.history.shown
    .filter(({ user, ver, snapshot }) => !snapshot && !logged.has(`${user} ${ver}`))
    .filter(({ at, watcher }) => !run.faults.maySeeLost(at, slotOf.get(watcher)))
    .map(({ at, user, watcher, ver, status }) => ({
      rule: 'toldIsLogged',
      at,
      user,
      what: `watcher ${watcher} was told ${status} ${ver}, which no log holds`,
    }));
};
