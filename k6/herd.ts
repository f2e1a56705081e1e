// All connections break at once and come back within a second, as after a balancer that was restarted: whether everybody
// gets in again, and nobody is shown offline meanwhile.
import { afterwards, arrive, crowd, endOf, everybody } from './lib/crowd.ts';
import { beginAtZero, missed } from './lib/metrics.ts';
import { once, optionsOf, WELCOME } from './lib/options.ts';
import { PEOPLE, SECONDS } from './lib/settings.ts';
import { summaryOf } from './lib/summary.ts';
import { Seen } from './lib/watching.ts';

const WATCHED = Math.min(PEOPLE, 1_000);
const HERD_MS = 1_000;

export const options = optionsOf({ people: once() }, WELCOME);
export const setup = beginAtZero;
export const handleSummary = summaryOf('herd');

export default (): void => {
  const seen = new Seen(() => true);
  const people = crowd({ watch: { users: everybody(WATCHED) }, onPresence: seen.take.bind(seen) });
  arrive(people);
  // The watchers stay: they are those who would see it.
  const herd = people.slice(1);
  for (const part of [0.3, 0.6]) {
    afterwards(() => {
      for (const person of herd) person.drop(Math.random() * HERD_MS);
    }, SECONDS * part);
  }
  afterwards(() => {
    missed.add(herd.filter((person) => !person.isHere).length);
    endOf(people, seen);
  }, SECONDS);
};
