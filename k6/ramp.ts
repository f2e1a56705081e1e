// People come over a third of the time, stay, and do little: how many a node holds, and how long a welcome takes.
import { afterwards, arrive, crowd, leaveAll } from './lib/crowd.ts';
import { beginAtZero } from './lib/metrics.ts';
import { once, optionsOf, WELCOME } from './lib/options.ts';
import { SECONDS } from './lib/settings.ts';
import { summaryOf } from './lib/summary.ts';

const RAMP_MS = (SECONDS * 1000) / 3;

export const options = optionsOf(
  { people: once() },
  { ...WELCOME, rollcall_refused_connections: ['count==0'] },
);
export const setup = beginAtZero;
export const handleSummary = summaryOf('ramp');

export default (): void => {
  const people = crowd();
  arrive(people, RAMP_MS);
  afterwards(() => leaveAll(people));
};
