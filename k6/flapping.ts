// Everybody but the watchers loses the connection every few seconds and is back within the grace: no transition at all.
import { afterwards, arrive, crowd, endOf, everybody } from './lib/crowd.ts';
import { beginAtZero, falseOfflines } from './lib/metrics.ts';
import { once, optionsOf, WELCOME } from './lib/options.ts';
import { PEOPLE, SECONDS } from './lib/settings.ts';
import { summaryOf } from './lib/summary.ts';
import { Seen } from './lib/watching.ts';

const WATCHED = Math.min(PEOPLE, 1_000);
const EVERY_MS = 3_000;
const AWAY_MS = 1_000;
/** Everybody has come by then, s. */
const SETTLED_S = 5;

export const options = optionsOf({ people: once() }, WELCOME);
export const setup = beginAtZero;
export const handleSummary = summaryOf('flapping');

export default (): void => {
  const seen = new Seen(() => true);
  const people = crowd({ watch: { users: everybody(WATCHED) }, onPresence: seen.take.bind(seen) });
  arrive(people);
  const flapping = people.slice(1);
  let stopped = false;
  const flap = (person: (typeof people)[number]): void => {
    if (stopped) return;
    person.drop(Math.random() * AWAY_MS);
    setTimeout(() => flap(person), EVERY_MS * (0.5 + Math.random()));
  };
  const before = new Map<string, number>();
  afterwards(() => {
    for (const [user, { ver }] of seen.byUser) before.set(user, ver);
    for (const person of flapping) setTimeout(() => flap(person), 1 + Math.random() * EVERY_MS);
  }, SETTLED_S);
  afterwards(
    () => {
      stopped = true;
      for (const [user, ver] of before) if (seen.byUser.get(user)?.ver !== ver) falseOfflines.add(1);
      endOf(people, seen);
    },
    Math.max(SECONDS, 2 * SETTLED_S),
  );
};
