import { setMaxListeners } from 'node:events';
import type { Issuer } from '../../support/tokens.ts';
import type { Recorder } from '../history/recorder.ts';
import type { Random } from '../random.ts';
import { Person } from './person.ts';
import type { Places } from './places.ts';
import { SCRIPTS } from './scripts.ts';

/** Tokens are a little old, so that a clock that steps back does not make them future ones. */
const ISSUED_IN_S = -90;

export interface PopulationOptions {
  /** Numbers of those who take part. */
  readonly people: readonly number[];
  readonly random: Random;
  readonly places: Places;
  readonly recorder: Recorder;
  readonly issuer: Issuer;
}

/** Some hundred people who follow their scripts. */
export class Population {
  readonly #options: PopulationOptions;
  readonly #stop = new AbortController();
  readonly #people: Person[] = [];
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: PopulationOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { people, random, places, recorder, issuer } = this.#options;
    setMaxListeners(people.length * 2 + 10, this.#stop.signal);
    const tokens = await Promise.all(
      people.map((each) => issuer.token(`user-${each}`, { issuedInSeconds: ISSUED_IN_S })),
    );
    const running = tokens.map((token, i) => {
      const user = `user-${people[i]}`;
      recorder.users.push(user);
      const draw = random.fork(user);
      const person = new Person({ user, random: draw, places, recorder, token, signal: this.#stop.signal });
      this.#people.push(person);
      return draw.weighted(SCRIPTS)(person);
    });
    this.#running = Promise.all(running);
  }

  /** From now on nobody does anything but come back where they are sent away. */
  async calm(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  drop(): void {
    for (const person of this.#people) for (const connection of person.connections) connection.drop();
  }
}
