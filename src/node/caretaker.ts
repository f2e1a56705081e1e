import { createHash } from 'node:crypto';
import type { Upkeep } from '../store/port/upkeep.ts';
import { Periodic } from '../time/periodic.ts';
import type { NodeContext } from './context.ts';
import type { Directory } from './directory.ts';
import type { PartitionState } from './partition-state.ts';

export interface CaretakerOptions {
  readonly upkeep: Upkeep;
  readonly intervalMs: number;
  /** The nodes as last listed, with how long ago each beat, and when the list was read. */
  readonly directory: Pick<Directory, 'nodes'>;
}

/** Other nodes' partitions are checked every Nth round. */
const OTHERS_EVERY = 5;

/**
 * Reaps dead nodes and sweeps deadlines. Partitions are divided among the living nodes, so that usually one node
 * checks each. Any other node may check it at any time, which costs only the check.
 */
export class Caretaker {
  readonly #context: NodeContext;
  readonly #options: CaretakerOptions;
  readonly #periodic: Periodic;
  #round = 0;
  #stopped = true;

  constructor(context: NodeContext, options: CaretakerOptions) {
    this.#context = context;
    this.#options = options;
    this.#periodic = new Periodic(
      options.intervalMs,
      context.now,
      () => this.#tend(),
      (err) => context.logger.error({ err }, 'caretaker'),
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
    const { partitions, nodeId } = this.#context;
    return partitions.list.filter(({ partition }) => owner(partition, alive) === nodeId);
  }

  async #tend(): Promise<void> {
    const { partitions, now, ttlMs } = this.#context;
    this.#round += 1;
    const mine = new Set(this.mine());
    const chosen = partitions.list.filter(
      (state) =>
        state.mayWrite(now(), ttlMs) &&
        (mine.has(state) || (state.partition + this.#round) % OTHERS_EVERY === 0),
    );
    await Promise.all(chosen.map((state) => this.#look(state)));
  }

  async #look(state: PartitionState): Promise<void> {
    const { now, metrics, logger } = this.#context;
    const { upkeep } = this.#options;
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
    const { nodeId, now, intervalMs } = this.#context;
    const { list, at } = this.#options.directory.nodes;
    const since = now() - at;
    const heard = list.filter((node) => node.heartbeatAgo + since < 2 * intervalMs).map((node) => node.id);
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
