// One user whom everybody watches changes status a few times a second: what a change costs when it has many readers.
import { afterwards, arrive, leaveAll, place } from './lib/crowd.ts';
import { beginAtZero, missed } from './lib/metrics.ts';
import { FANOUT, once, optionsOf, WELCOME } from './lib/options.ts';
import { Person } from './lib/person.ts';
import { PEOPLE, SECONDS, shareOf } from './lib/settings.ts';
import { summaryOf } from './lib/summary.ts';
import { userOf } from './lib/tokens.ts';
import { Seen, stamped } from './lib/watching.ts';

/** Behind the watchers in the list of tokens. */
const HOT = PEOPLE;
const CHANGES_PER_S = 4;
/** Everybody watches by then, and for so long after the last change it may arrive, s. */
const SETTLED_S = 4;
const LAST_S = 3;
const LAST_TEXT = 'the last one';

export const options = optionsOf({ watchers: once(), hot: once('hot', 1) }, { ...FANOUT, ...WELCOME });
export const setup = beginAtZero;
export const handleSummary = summaryOf('hot-user');

export default (): void => {
  const known: Seen[] = [];
  const behaviour = () => {
    const seen = new Seen();
    known.push(seen);
    return { watch: { users: [userOf(HOT)] }, onPresence: seen.take.bind(seen) };
  };
  const people = shareOf(place()).map((n) => new Person(n, behaviour()));
  arrive(people);
  afterwards(() => {
    missed.add(known.filter((seen) => seen.byUser.get(userOf(HOT))?.text !== LAST_TEXT).length);
    leaveAll(people);
  });
};

export const hot = (): void => {
  const person = new Person(HOT);
  person.come();
  let turn = 0;
  afterwards(() => {
    const timer = setInterval(
      () => person.send(stamped(turn++ % 2 === 0 ? 'busy' : 'away')),
      1000 / CHANGES_PER_S,
    );
    afterwards(
      () => {
        clearInterval(timer);
        person.send({ type: 'status', status: 'busy', text: LAST_TEXT, ref: 'last' });
      },
      SECONDS - SETTLED_S - LAST_S,
    );
  }, SETTLED_S);
  afterwards(() => person.leave(), SECONDS + 1);
};
