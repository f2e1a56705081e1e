// Watchers behind a line that is stopped for seconds at a time: they delay nobody, and have the newest state when it goes
// on. k6 itself always reads, so the line is a proxy of scripts/k6.mjs; SLOW is its address.
import { afterwards, arrive, change, crowd, endOf, everybody, place } from './lib/crowd.ts';
import { beginAtZero, missed } from './lib/metrics.ts';
import { FANOUT, once, optionsOf, WELCOME } from './lib/options.ts';
import { Person } from './lib/person.ts';
import { NODES, PEOPLE, SECONDS } from './lib/settings.ts';
import { summaryOf } from './lib/summary.ts';
import { Seen } from './lib/watching.ts';

const SLOW = (__ENV['SLOW'] ?? NODES[0] ?? '').split(',');
const WATCHED = Math.min(PEOPLE, 1_000);
/** Slow watchers of each virtual user; their tokens come behind the others. */
const SLOW_PEOPLE = 5;
/** How long the last changes may take to arrive, the longest stop of the line included, s. */
const SETTLE_S = 10;

export const options = optionsOf({ people: once() }, { ...FANOUT, ...WELCOME });
export const setup = beginAtZero;
export const handleSummary = summaryOf('slow-consumers');

/** What a slow watcher sees is late by intention: it is remembered and not measured. */
class Remembered {
  readonly byUser = new Map<string, number>();
  take(users: readonly { readonly user: string; readonly ver: number }[]): void {
    for (const { user, ver } of users) this.byUser.set(user, Math.max(ver, this.byUser.get(user) ?? 0));
  }
}

export default (): void => {
  const watch = { users: everybody(WATCHED) };
  const seen = new Seen(() => true);
  const people = crowd({ watch, onPresence: seen.take.bind(seen) });
  const firstSlow = PEOPLE + (place() - 1) * SLOW_PEOPLE;
  const known = Array.from({ length: SLOW_PEOPLE }, () => new Remembered());
  const slow = known.map(
    (memory, i) => new Person(firstSlow + i, { watch, nodes: SLOW, onPresence: memory.take.bind(memory) }),
  );
  arrive([...people, ...slow]);
  const stopChanges = change(people.slice(1));
  afterwards(stopChanges);
  afterwards(() => {
    for (const [user, { ver }] of seen.byUser)
      missed.add(known.filter(({ byUser }) => byUser.get(user) !== ver).length);
    endOf([...people, ...slow], seen);
  }, SECONDS + SETTLE_S);
};
