import { Client } from '../support/client.ts';
import type { Presence } from '../support/frames.ts';
import { holds } from '../support/until.ts';

/** What every good client does: on any close it comes back through the balancer, and watches again what it watched. */
export class SteadyClient {
  /** Settled once {@link stop} was called and the last connection is over. */
  readonly done: Promise<void>;
  connects = 0;
  readonly #watched: readonly string[];
  readonly #past: Client[] = [];
  #running = true;

  constructor(url: string, token: string, watched: readonly string[] = []) {
    this.#watched = watched;
    this.done = this.#live(url, token);
  }

  /** Everything it was ever told of a user, over all its connections. */
  history(user: string): Presence[] {
    return this.#past.flatMap((client) => client.history(user));
  }

  stop(): void {
    this.#running = false;
    this.#past.at(-1)?.terminate();
  }

  async #live(url: string, token: string): Promise<void> {
    while (this.#running) {
      try {
        const client = await Client.connect(url, { token });
        this.#past.push(client);
        if (this.#watched.length > 0) await client.watch({ users: this.#watched });
        this.connects += 1;
        await client.until(() => client.over || !this.#running, { timeoutMs: 600_000 });
      } catch {
        await holds(() => true, 50);
      }
    }
  }
}
