// Every node is restarted, one after another, while everybody is connected and some change their status: nobody who has a
// live client is ever shown offline, and who does nothing has no transition at all. scripts/k6.mjs restarts the nodes and
// says at CONTROL when it is done; elsewhere do it by hand while this runs.
import http from 'k6/http';
import { afterwards, arrive, change, crowd, endOf, everybody } from './lib/crowd.ts';
import type { Presence } from './lib/frames.ts';
import { beginAtZero, falseOfflines, missed } from './lib/metrics.ts';
import { FANOUT, once, optionsOf } from './lib/options.ts';
import { CONTROL, PEOPLE, SECONDS } from './lib/settings.ts';
import { summaryOf } from './lib/summary.ts';
import { Seen } from './lib/watching.ts';

const WATCHED = Math.min(PEOPLE, 1_000);
const LOOK_MS = 500;
/** Everybody has come by then, s; and a read after the last restart is answered by then. */
const SETTLED_S = 5;
const FINAL_READ_S = 2;
const RESTARTING = 1012;

export const options = optionsOf({ people: once() }, { ...FANOUT, rollcall_restart_closes: ['count>0'] });
export const setup = beginAtZero;
export const handleSummary = summaryOf('rolling-restart');

export default (): void => {
  const seen = new Seen(() => true);
  const watching = {
    watch: { users: everybody(WATCHED) },
    onPresence: seen.take.bind(seen),
    expects: [RESTARTING],
  };
  const people = crowd(watching, { expects: [RESTARTING] });
  const [watcher, ...others] = people;
  // Half of them are silent: their version tells whether anything happened to them, however short.
  const active = others.filter((_, i) => i % 2 === 0);
  const silent = new Set(others.filter((_, i) => i % 2 === 1).map(({ user }) => user));
  const before = new Map<string, Presence>();
  arrive(people);
  const stopChanges = change(active);
  afterwards(() => {
    for (const [user, presence] of seen.byUser) if (silent.has(user)) before.set(user, presence);
    missed.add(
      [...silent].filter((user) => Number(user.replace('load-', '')) < WATCHED && !before.has(user)).length,
    );
  }, SETTLED_S);

  const finish = (): void => {
    stopChanges();
    // Asked anew, so that it is what the cluster holds and not what was told on the way.
    watcher?.send({ type: 'watch', ...watching.watch, ref: 'final' });
    afterwards(() => {
      missed.add(people.filter((person) => !person.isHere).length);
      for (const [user, { ver }] of before) {
        const now = seen.byUser.get(user);
        if (now?.ver === ver) continue;
        falseOfflines.add(1);
        console.error(`${user} was silent and has another version: ${JSON.stringify(now)}`);
      }
      endOf(people, seen);
    }, FINAL_READ_S);
  };
  const deadline = Date.now() + SECONDS * 1000;
  const timer = setInterval(() => {
    const isOver = Date.now() > deadline || (CONTROL !== undefined && http.get(CONTROL).body === 'done');
    if (!isOver || Date.now() < deadline - SECONDS * 1000 + 2 * SETTLED_S * 1000) return;
    clearInterval(timer);
    finish();
  }, LOOK_MS);
};
