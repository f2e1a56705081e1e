import { expect } from 'vitest';
import type { Client } from './client.ts';
import type { Cluster } from './cluster.ts';
import { expectRisingVersions, statuses } from './history.ts';
import { healBound, SLACK_MS, TIMINGS } from './timings.ts';
import { holds, until } from './until.ts';

const NODES = 2;
/**
 * A node that finds the new master a time to live later than the others is taken for dead, and rightly: on a busy machine
 * it gets a little more of it.
 */
const TTL_MS = 1_500;
const FOR = { ...TIMINGS, heartbeatTtlMs: TTL_MS };
/** More than twice as many as partitions: whatever happens to one of them happens to somebody. */
const SIZE = 20;

/** People who stay connected to two nodes while something happens to Redis, and a watcher on each who must not notice. */
export class Crowd {
  readonly watchers: readonly Client[];
  readonly people: readonly string[];
  readonly #cluster: Cluster;
  #visits = 0;

  private constructor(cluster: Cluster, watchers: readonly Client[], people: readonly string[]) {
    this.#cluster = cluster;
    this.watchers = watchers;
    this.people = people;
  }

  /** Settings of the nodes that a crowd connects to. */
  static readonly env = { HEARTBEAT_TTL_MS: String(TTL_MS) };

  static async gather(cluster: Cluster, name: string): Promise<Crowd> {
    const people = Array.from({ length: SIZE }, (_, i) => `${name}-${i}`);
    const watchers: Client[] = [];
    for (let node = 0; node < NODES; node += 1) {
      const watcher = await cluster.watcher(`${name}-watch-${node}`, { node });
      await watcher.watch({ tenant: true });
      watchers.push(watcher);
    }
    const crowd = new Crowd(cluster, watchers, people);
    for (const [i, user] of people.entries()) await cluster.connect(user, { node: i % NODES });
    for (const watcher of watchers) for (const user of people) await watcher.sees(user, 'online');
    return crowd;
  }

  /**
   * Somebody new comes to each node and leaves again, in every partition; every watcher is told.
   * @param withinMs - how long the first of them may be unheard of: what Redis still needs to be well.
   */
  async othersComeAndGo(withinMs = healBound(FOR) + SLACK_MS): Promise<void> {
    this.#visits += 1;
    const guests = this.people.map((user) => `guest-${this.#visits}-${user}`);
    const clients = await Promise.all(
      guests.map((user, i) => this.#cluster.connect(user, { node: i % NODES })),
    );
    for (const watcher of this.watchers) {
      for (const user of guests) await watcher.sees(user, 'online', withinMs);
    }
    await Promise.all(clients.map((client) => client.bye()));
    for (const watcher of this.watchers) {
      for (const user of guests) await watcher.sees(user, 'offline', withinMs);
      for (const user of guests) expect(statuses(watcher, user), user).toEqual(['online', 'offline']);
    }
  }

  /** Nobody of the crowd has made any transition, nor does in the time in which a wrong one would come. */
  async nobodyMoved(forMs = FOR.offlineGraceMs + FOR.heartbeatTtlMs): Promise<void> {
    const still = (): boolean =>
      this.watchers.every((watcher) => this.people.every((user) => statuses(watcher, user).length === 1));
    await holds(still, forMs, 'no transition of those who stay').catch(() => undefined);
    for (const watcher of this.watchers) {
      for (const user of this.people) expect(statuses(watcher, user), user).toEqual(['online']);
      expectRisingVersions(watcher);
    }
  }

  /** Reads over HTTP are right or say that they do not know, until they are right on every node. */
  async readsAreRight(withinMs = healBound(FOR) + SLACK_MS): Promise<void> {
    const body = { users: this.people };
    for (let node = 0; node < NODES; node += 1) {
      await until(
        async () => {
          const answer = await this.#cluster.http('/v1/presence/batch', { method: 'POST', body, node });
          if (answer.status === 503) return false;
          const users = answer.json.users as { status: string }[];
          expect([answer.status, ...new Set(users.map(({ status }) => status))]).toEqual([200, 'online']);
          return true;
        },
        { timeoutMs: withinMs, what: `right answers of node ${node}` },
      );
    }
  }
}
