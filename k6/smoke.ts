// A little of everything, for a few seconds: whether a deployment works at all.
import http from 'k6/http';
import { afterwards, arrive, change, crowd, endOf, everybody } from './lib/crowd.ts';
import { beginAtZero, missed } from './lib/metrics.ts';
import { FANOUT, once, optionsOf, WELCOME } from './lib/options.ts';
import { NODES, PEOPLE, SECONDS } from './lib/settings.ts';
import { summaryOf } from './lib/summary.ts';
import { reader } from './lib/tokens.ts';
import { Seen } from './lib/watching.ts';

export const options = optionsOf(
  { people: once(), questions: { ...once('questions', 1), startTime: '3s' } },
  {
    ...FANOUT,
    ...WELCOME,
    http_req_failed: ['rate==0'],
  },
);
export const setup = beginAtZero;
export const handleSummary = summaryOf('smoke');

export default (): void => {
  const seen = new Seen(() => true);
  const watcher = { watch: { users: everybody(PEOPLE) }, onPresence: seen.take.bind(seen) };
  const people = crowd(watcher);
  arrive(people);
  const stopChanges = change(people.slice(1));
  // A page that is reloaded: away for less than the grace, and nobody sees it.
  afterwards(() => people.at(-1)?.drop(500), SECONDS / 2);
  afterwards(() => {
    stopChanges();
    const absent = everybody(PEOPLE).filter(
      (user) => (seen.byUser.get(user)?.status ?? 'offline') === 'offline',
    );
    missed.add(absent.length);
    endOf(people, seen);
  }, SECONDS - 1);
};

/** What other services ask meanwhile. */
export const questions = (): void => {
  const params = { headers: { Authorization: `Bearer ${reader[0]}`, 'Content-Type': 'application/json' } };
  const node = NODES.at(-1);
  for (let i = 0; i < 10; i++) {
    http.get(`${node}/v1/presence/count`, params);
    http.post(`${node}/v1/presence/batch`, JSON.stringify({ users: everybody(PEOPLE) }), params);
    http.get(`${node}/v1/presence/online?limit=20`, params);
  }
};
