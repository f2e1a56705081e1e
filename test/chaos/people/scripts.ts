import type { Person } from './person.ts';

/** What somebody does all run long; ends when the run does. */
export type Script = (person: Person) => Promise<void>;

const LEAVING = [
  [3, 'close'],
  [3, 'terminate'],
  [2, 'bye'],
  [1, 'half-open'],
] as const;

/** Is there all the time, with several devices, and changes nothing. */
const stay: Script = async (person) => {
  const devices = person.random.weighted([
    [4, 1],
    [4, 2],
    [2, 4],
  ] as const);
  for (let i = 0; i < devices; i++) {
    person.dial(true);
    await person.pause(0, 200);
  }
};

/** Loads the page again and again. */
const refresh: Script = async (person) => {
  let page = person.dial(true);
  while (!person.isStopped) {
    await person.pause(800, 4_000);
    page = person.connections[0] ?? page;
    if (!page.isOpen) continue;
    person.leave(page, person.random.chance(0.5) ? 'close' : 'terminate');
    await person.pause(10, 700);
    page = person.dial(true);
  }
};

/** Moves from node to node, the new connection sometimes before and sometimes after the old one. */
const roam: Script = async (person) => {
  person.dial(true);
  while (!person.isStopped) {
    await person.pause(1_000, 4_000);
    const old = person.connections[0];
    if (old === undefined || !old.isOpen) continue;
    if (person.random.chance(0.6)) {
      const next = person.dial(true);
      if (!(await person.settled(next))) continue;
      person.leave(old, person.random.chance(0.5) ? 'close' : 'half-open');
    } else {
      person.leave(old, 'terminate');
      await person.pause(5, 400);
      person.dial(true);
    }
  }
};

/** Comes and goes in every way there is, also just before and just after the end of the grace. */
const visit: Script = async (person) => {
  while (!person.isStopped) {
    await person.pause(200, 6_000);
    const devices = person.random.chance(0.3) ? 2 : 1;
    for (let i = 0; i < devices; i++) person.dial(false);
    await person.pause(100, person.random.chance(0.3) ? 400 : 6_000);
    for (const connection of [...person.connections])
      person.leave(connection, person.random.weighted(LEAVING));
  }
};

/** Is there, and says how. */
const claim: Script = async (person) => {
  person.dial(true);
  if (person.random.chance(0.5)) person.dial(true);
  while (!person.isStopped) {
    await person.pause(1_500, 8_000);
    const speaker = person.connections.find((connection) => connection.isOpen);
    speaker?.claim(person.random.pick(['busy', 'away', 'online', null, null, 'invisible'] as const));
  }
};

/** Is there at first and then leaves for good. */
const depart: Script = async (person) => {
  person.dial(true);
  await person.pause(3_000, 30_000);
  for (const connection of [...person.connections]) person.leave(connection, person.random.weighted(LEAVING));
};

/** Never comes. */
const absent: Script = async () => undefined;

/** Who makes up the population, in parts of a hundred. */
export const SCRIPTS: readonly (readonly [weight: number, script: Script])[] = [
  [26, stay],
  [16, refresh],
  [14, roam],
  [22, visit],
  [10, claim],
  [8, depart],
  [4, absent],
];
