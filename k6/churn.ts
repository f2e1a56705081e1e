// Everybody is here, statuses change all the time, and one in fifty watches a thousand: how late changes are.
import { afterwards, arrive, change, crowd, endOf, everybody } from './lib/crowd.ts';
import { beginAtZero } from './lib/metrics.ts';
import { FANOUT, once, optionsOf, WELCOME } from './lib/options.ts';
import { PEOPLE, SECONDS } from './lib/settings.ts';
import { summaryOf } from './lib/summary.ts';
import { Seen } from './lib/watching.ts';

const WATCHED = Math.min(PEOPLE, 1_000);

export const options = optionsOf({ people: once() }, { ...FANOUT, ...WELCOME });
export const setup = beginAtZero;
export const handleSummary = summaryOf('churn');

export default (): void => {
  const seen = new Seen(() => true);
  const people = crowd({ watch: { users: everybody(WATCHED) }, onPresence: seen.take.bind(seen) });
  arrive(people);
  const stopChanges = change(people.slice(1));
  afterwards(() => {
    stopChanges();
    endOf(people, seen);
  }, SECONDS);
};
