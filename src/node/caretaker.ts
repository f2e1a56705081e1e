import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Metrics } from '../observability/metrics.ts';
import type { NodeInfo } from '../store/port/registry.ts';
import type { Upkeep } from '../store/port/upkeep.ts';
import { Periodic } from '../time/periodic.ts';
import type { PartitionState } from './partition-state.ts';

export interface CaretakerOptions {
  readonly upkeep: Upkeep;
  readonly partitions: readonly PartitionState[];
  readonly nodeId: string;
  readonly intervalMs: number;
  readonly heartbeatIntervalMs: number;
  readonly ttlMs: number;
  /** Monotonic ms. */
  readonly now: () => number;
  /** The nodes as last listed, with how long ago each beat, and when the list was read (monotonic ms). */
  readonly nodes: () => { readonly list: readonly NodeInfo[]; readonly at: number };
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Other nodes' partitions are checked every Nth round. */
const OTHERS_EVERY = 5;

/**
 * Reaps dead nodes and sweeps deadlines. Partitions are divided among the living nodes, so that usually one node
 * checks each. Any other node may check it at any time, which costs only the check.
 */
export class Caretaker {
  readonly #options: CaretakerOptions;
  readonly #periodic: Periodic;
  #round = 0;
  #stopped = true;

  constructor(options: CaretakerOptions) {
    this.#options = options;
    this.#periodic = new Periodic(
      options.intervalMs,
      options.now,
      () => this.#tend(),
      (err) => options.logger.error({ err }, 'caretaker'),
    );
  }

  start(): void {
    this.#stopped = false;
    this.#periodic.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#periodic.stop();
  }

  /** Partitions that this node checks in this round. */
  mine(): readonly PartitionState[] {
    const alive = this.#alive();
    return this.#options.partitions.filter(
      ({ partition }) => owner(partition, alive) === this.#options.nodeId,
    );
  }

  async #tend(): Promise<void> {
    const { partitions, now, ttlMs } = this.#options;
    this.#round += 1;
    const mine = new Set(this.mine());
    const chosen = partitions.filter(
      (state) =>
        state.mayWrite(now(), ttlMs) &&
        (mine.has(state) || (state.partition + this.#round) % OTHERS_EVERY === 0),
    );
    await Promise.all(chosen.map((state) => this.#look(state)));
  }

  async #look(state: PartitionState): Promise<void> {
    const { upkeep, now, metrics, logger } = this.#options;
    try {
      const reaped = await upkeep.reap(state.partition);
      metrics.reapedNodes.inc(reaped.fenced);
      metrics.reapedUsers.inc(reaped.users);
      if (reaped.users > 0)
        logger.info({ partition: state.partition, users: reaped.users }, 'cleared a dead node');
      for (let more = true; more && !this.#stopped; ) {
        const sweep = await upkeep.sweep(state.partition, state.time(now()));
        metrics.swept.inc(sweep.swept);
        more = sweep.more;
      }
    } catch (error) {
      logger.debug(
        { err: error, partition: state.partition },
        'could not check a partition; retrying next round',
      );
    }
  }

  /**
   * Nodes that beat within two heartbeats, and always this one: others cover for a stalled node before its lease
   * ends.
   */
  #alive(): string[] {
    const { nodes, nodeId, now, heartbeatIntervalMs } = this.#options;
    const { list, at } = nodes();
    const since = now() - at;
    const heard = list
      .filter((node) => node.heartbeatAgo + since < 2 * heartbeatIntervalMs)
      .map((node) => node.id);
    return heard.includes(nodeId) ? heard : [...heard, nodeId];
  }
}

/**
 * Rendezvous hashing: the node with the greatest hash of both owns it; when a node leaves, only its partitions move.
 */
const owner = (partition: number, nodes: readonly string[]): string | undefined => {
  let best: { node: string; weight: string } | undefined;
  for (const node of nodes) {
    const weight = createHash('sha1').update(`${node} ${partition}`).digest('hex');
    if (!best || weight > best.weight) best = { node, weight };
  }
  return best?.node;
};
