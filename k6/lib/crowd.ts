import exec from 'k6/execution';
import { type Behaviour, Person } from './person.ts';
import { RATE, SECONDS, shareOf, VUS } from './settings.ts';
import { userOf } from './tokens.ts';
import { type Seen, stamped } from './watching.ts';

/** Connecting all at once is a scenario of its own; else people come over so long, ms. */
const ARRIVAL_MS = 2_000;

/** Where the calling virtual user stands among those of its scenario, from 1. */
export const place = (): number => exec.scenario.iterationInTest + 1;

/** The people of this virtual user, not connected yet. The first of them may differ: it watches. */
export const crowd = (first: Behaviour = {}, others: Behaviour = {}): Person[] =>
  shareOf(place()).map((n, i) => new Person(n, i === 0 ? first : others));

/** Everybody of the scenario, for a watcher. */
export const everybody = (count: number): string[] => Array.from({ length: count }, (_, n) => userOf(n));

/** Connects them one after another. */
export const arrive = (people: readonly Person[], overMs = ARRIVAL_MS): void => {
  people.forEach((person, i) => {
    setTimeout(() => person.come(), 1 + (overMs * i) / people.length);
  });
};

export const leaveAll = (people: readonly Person[]): void => {
  for (const person of people) person.leave();
};

/** Virtual users do not end in the same moment: who leaves first may not look offline to those who still judge, s. */
const JUDGED_S = 3;

/** The end of a scenario in which nobody may be shown offline: first nobody judges any more, then all leave. */
export const endOf = (people: readonly Person[], seen: Seen): void => {
  seen.over();
  afterwards(() => leaveAll(people), JUDGED_S);
};

/** Lets people of this virtual user change their status, one after another, at its share of `RATE`. @returns the end. */
export const change = (people: readonly Person[], share = 1 / VUS): (() => void) => {
  let turn = 0;
  const timer = setInterval(
    () => {
      const person = people[turn++ % people.length];
      if (person?.isHere === true)
        person.send(stamped(Math.floor(turn / people.length) % 2 === 0 ? 'busy' : 'away'));
    },
    Math.max(1, 1000 / (RATE * share)),
  );
  return () => clearInterval(timer);
};

/** Runs something when the time of the scenario is over. */
export const afterwards = (run: () => void, seconds = SECONDS): void => {
  setTimeout(run, seconds * 1000);
};
