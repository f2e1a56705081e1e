// What other services ask over HTTP while people are connected: single users, batches, counts and pages.
import http from 'k6/http';
import type { Options } from 'k6/options';
import { afterwards, arrive, change, crowd, everybody, leaveAll } from './lib/crowd.ts';
import { beginAtZero } from './lib/metrics.ts';
import { once, optionsOf } from './lib/options.ts';
import { HTTP_P95_MS, NODES, PEOPLE, RATE, SECONDS } from './lib/settings.ts';
import { summaryOf } from './lib/summary.ts';
import { reader, userOf } from './lib/tokens.ts';

/** Users of a batch: what a page of a product shows, not the thousand that are allowed. */
const BATCH = 100;

const asking = {
  executor: 'constant-arrival-rate',
  exec: 'ask',
  rate: RATE * 5,
  timeUnit: '1s',
  duration: `${SECONDS}s`,
  startTime: '3s',
  preAllocatedVUs: 20,
  maxVUs: 100,
} as const;

export const options: Options = optionsOf(
  { people: once(), asking },
  {
    http_req_failed: ['rate<0.01'],
    http_req_duration: [`p(95)<${HTTP_P95_MS}`],
    dropped_iterations: ['count==0'],
  },
);
export const setup = beginAtZero;
export const handleSummary = summaryOf('queries');

export default (): void => {
  const people = crowd();
  arrive(people);
  const stopChanges = change(people);
  afterwards(() => {
    stopChanges();
    leaveAll(people);
  }, SECONDS + 4);
};

const params = (name: string) => ({
  headers: { Authorization: `Bearer ${reader[0]}`, 'Content-Type': 'application/json' },
  tags: { name },
});

export const ask = (): void => {
  const node = NODES[Math.floor(Math.random() * NODES.length)];
  const first = Math.floor(Math.random() * PEOPLE);
  const choice = Math.random();
  if (choice < 0.5) http.get(`${node}/v1/presence/users/${userOf(first)}`, params('user'));
  else if (choice < 0.8) {
    const users = everybody(PEOPLE).slice(first, first + BATCH);
    http.post(`${node}/v1/presence/batch`, JSON.stringify({ users }), params('batch'));
  } else if (choice < 0.9) http.get(`${node}/v1/presence/count`, params('count'));
  else http.get(`${node}/v1/presence/online?limit=100`, params('online'));
};
