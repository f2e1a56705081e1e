/** How large a run is: users, for how long, and changes a second of all of them together. */
interface Profile {
  readonly people: number;
  readonly seconds: number;
  readonly rate: number;
}

const PROFILES = JSON.parse(open('../profiles.json')) as Readonly<Record<string, Profile>>;

const profile = PROFILES[__ENV['PROFILE'] ?? 'small'];
if (profile === undefined) throw new Error(`PROFILE is one of ${Object.keys(PROFILES).join(', ')}`);

const numberOf = (name: string, fallback: number): number => {
  const text = __ENV[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`${name} must be a number, not "${text}"`);
};

/** From the environment: a profile, and whatever is to differ from it. */
export const PEOPLE = numberOf('PEOPLE', profile.people);
export const SECONDS = numberOf('SECONDS', profile.seconds);
export const RATE = numberOf('RATE', profile.rate);

/** Public addresses of the nodes, or the one of a balancer: `http://host:port`, separated by commas. */
export const NODES = (__ENV['NODES'] ?? 'http://localhost:8080').split(',');

/** Bounds of thresholds, ms. On a laptop that runs everything itself they say little, and are wide. */
export const FANOUT_P95_MS = numberOf('FANOUT_P95_MS', 500);
export const WELCOME_P95_MS = numberOf('WELCOME_P95_MS', 3_000);
export const HTTP_P95_MS = numberOf('HTTP_P95_MS', 500);

/** Tells whether a driver is done with what it does to the nodes; without one only the time counts. */
export const CONTROL = __ENV['CONTROL'];

/** Where the summary goes as JSON; nowhere when it is not set. */
export const SUMMARY = __ENV['SUMMARY'];

/** People of one virtual user: enough of them hold any number of sockets, each costs memory of its own. */
const PER_VU = 50;
export const VUS = Math.max(1, Math.ceil(PEOPLE / PER_VU));

/** Numbers of the people that the virtual user with this number (from 1) looks after. */
export const shareOf = (vu: number): number[] => {
  const mine: number[] = [];
  for (let n = (vu - 1) % VUS; n < PEOPLE; n += VUS) mine.push(n);
  return mine;
};
