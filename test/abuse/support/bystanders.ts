import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Client } from '../../support/client.ts';
import type { Cluster } from '../../support/cluster.ts';

/** As many that each stays far below `FRAME_RATE` while together they show what the 95th of a hundred pings took. */
const CLIENTS = 6;
const PAUSE_MS = 70;

/** What answers took, ms. */
export interface Pings {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

const summary = (took: readonly number[]): Pings => {
  const sorted = [...took].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? Number.NaN };
};

/** People who do nothing but ask whether the node is there. */
export class Bystanders {
  readonly #clients: readonly Client[];

  private constructor(clients: readonly Client[]) {
    this.#clients = clients;
  }

  static async join(cluster: Cluster): Promise<Bystanders> {
    const names = Array.from({ length: CLIENTS }, (_, n) => `bystander-${n}`);
    return new Bystanders(await Promise.all(names.map((name) => cluster.connect(name))));
  }

  /** Pings for a while. Whoever is not answered any more fails the test. */
  async pings(forMs: number): Promise<Pings> {
    const took: number[] = [];
    const end = performance.now() + forMs;
    await Promise.all(
      this.#clients.map(async (client, n) => {
        await sleep((PAUSE_MS * n) / CLIENTS);
        while (performance.now() < end) {
          const begun = performance.now();
          await client.ask({ type: 'ping' });
          took.push(performance.now() - begun);
          await sleep(PAUSE_MS);
        }
      }),
    );
    return summary(took);
  }
}

/** Generous: attackers, bystanders, Redis and node share what cores there are. */
const NOTICED_MS = 400;

const allowed = (without: Pings): number => Math.max(5 * without.p95, NOTICED_MS);

export const isHarmed = (without: Pings, under: Pings): boolean => under.p95 >= allowed(without);

/**
 * Others must not notice. What the machine itself adds under load is in both numbers; a loop that is held up by what one
 * client asks for shows as hundreds of milliseconds, every time it is looked at.
 */
export const expectUnharmed = (without: Pings, under: Pings): void => {
  expect(under.p95, `p95 of pings, ms (${without.p95.toFixed(1)} without)`).toBeLessThan(allowed(without));
};
