import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { Cluster } from '../../support/cluster.ts';
import { rssOf } from '../../support/fuzz/rss.ts';
import { until } from '../../support/until.ts';
import type { AttackName, OptionsOf } from '../attacks/attacks.ts';
import { Assault } from './assault.ts';
import { Bystanders, expectUnharmed, isHarmed, type Pings } from './bystanders.ts';
import type { Target } from './peer.ts';

const HOST = '127.0.0.1';
const MB = 2 ** 20;
/** The limits that are in force where nobody set them; tests of other things switch these off. */
const LIMITS = { HTTP_RATE: undefined, UPGRADE_RATE: undefined };

/** Times that bystanders are looked at before they count as harmed. */
const LOOKS = 3;

export interface ArenaOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How long bystanders ping with and without the abuse, ms. */
  readonly forMs?: number;
}

/** What a measured attack came to. */
export interface Outcome {
  readonly without: Pings;
  readonly under: Pings;
  /** What the attackers saw. */
  readonly tally: Readonly<Record<string, number>>;
  /** By how much the node grew, MB. */
  readonly grewMb: number;
}

/** A node with bystanders, and attacks on it. One for each `describe`. */
export class Arena {
  #cluster: Cluster | undefined;
  #bystanders: Bystanders | undefined;
  #assaults: Assault[] = [];
  #next: Promise<Assault> | undefined;
  readonly #forMs: number;

  constructor({ env = {}, forMs = 1500 }: ArenaOptions = {}) {
    this.#forMs = forMs;
    beforeAll(async () => {
      this.#next = Assault.prepare();
      this.#cluster = await Cluster.start({ nodes: 1, env: { ...LIMITS, ...env } });
      this.#bystanders = await Bystanders.join(this.#cluster);
      // The first pings of a node are slower than any later ones.
      await this.#bystanders.pings(300);
    });
    afterEach(async () => {
      await Promise.all(this.#assaults.splice(0).map((assault) => assault.stop()));
    });
    afterAll(async () => {
      await (await this.#next)?.stop();
      await this.#cluster?.stop();
    });
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error('not started yet');
    return this.#cluster;
  }

  get bystanders(): Bystanders {
    if (this.#bystanders === undefined) throw new Error('not started yet');
    return this.#bystanders;
  }

  get target(): Target {
    return { host: HOST, port: this.cluster.node().port };
  }

  /** Resident memory of the node, MB. */
  async rssMb(): Promise<number> {
    return (await rssOf(this.cluster.node().pid)) / MB;
  }

  /** Sockets of its public port that the node has open: of the kernel's table, whatever the node calls them. */
  async connections(): Promise<number> {
    const port = this.target.port.toString(16).toUpperCase().padStart(4, '0');
    const table = await readFile('/proc/net/tcp', 'utf8');
    const ESTABLISHED = '01';
    return table.split('\n').filter((line) => {
      const [, local, , state] = line.trim().split(/\s+/);
      return state === ESTABLISHED && local?.endsWith(`:${port}`) === true;
    }).length;
  }

  /** Begins an attack, and returns once all that it prepares is there. */
  async attack<N extends AttackName>(name: N, options: OptionsOf<N>): Promise<Assault> {
    const assault = await (this.#next ?? Assault.prepare());
    this.#assaults.push(assault);
    this.#next = Assault.prepare();
    return assault.begin(name, this.target, options);
  }

  /** Pings without the abuse, then under it. Fails when a bystander notices, or the node does not live. */
  async measured<N extends AttackName>(
    name: N,
    options: OptionsOf<N>,
    /** What the attackers have to see before it is looked at: a busy machine takes longer. */
    enough: (tally: Outcome['tally']) => boolean = () => true,
  ): Promise<Outcome> {
    const before = await this.rssMb();
    const without = await this.bystanders.pings(this.#forMs);
    const assault = await this.attack(name, options);
    let under = await this.bystanders.pings(this.#forMs);
    // Others use the machine as well: what the attack does to bystanders it goes on doing.
    for (let look = 1; look < LOOKS && isHarmed(without, under); look += 1)
      under = await this.bystanders.pings(this.#forMs);
    const tally = await until(
      async () => {
        const seen = await assault.tally();
        return enough(seen) ? seen : undefined;
      },
      { timeoutMs: 15_000, everyMs: 200, what: 'what the attackers should see' },
    );
    const grewMb = (await this.rssMb()) - before;
    if (process.env.ABUSE_FIGURES !== undefined) {
      const shown = {
        name,
        p95: [without.p95, under.p95].map(Math.round),
        grewMb: Math.round(grewMb),
        tally,
      };
      process.stdout.write(`${JSON.stringify(shown)}\n`);
    }
    expectUnharmed(without, under);
    return { without, under, tally, grewMb };
  }
}
