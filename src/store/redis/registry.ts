import type { NodeInfo, Registry } from '../port/registry.ts';
import { StoreError } from '../port/store-error.ts';
import type { StoreOptions } from '../store-options.ts';
import type { Caller } from './caller.ts';
import { listOf, number } from './raw-values.ts';

/** Layout of rows and log. A release that changes it in a way older ones cannot read raises it. */
const SCHEMA = '2';

/** What an operator does about a node that does not fit. */
const REMEDY = {
  PARTITIONS: 'give PARTITIONS the number of the deployment',
  schema: 'run the release that wrote it, or give this one a REDIS_PREFIX of its own',
} as const;
/** A node that was silent for this many leases is dropped from the list. */
const FORGET_TTLS = 10;

interface RegistryOptions {
  readonly caller: Caller;
  readonly key: string;
  readonly options: StoreOptions;
}

/** The nodes of this deployment, in one key outside the partitions. */
export class RedisRegistry implements Registry {
  readonly #options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  async register(self: NodeInfo): Promise<NodeInfo[]> {
    const { caller, key, options } = this.#options;
    const { name, version, connections, users, startedAt } = self;
    const about = JSON.stringify({ name, version, connections, users, startedAt });
    const forgetAfter = options.heartbeatTtlMs * FORGET_TTLS;
    const reply = listOf(
      'register',
      await caller.run('register', [key], [self.id, about, options.partitions, SCHEMA, forgetAfter]),
    );
    if (reply[0] === 'incompatible') {
      const [, field, stored, given] = reply;
      const label = field === 'partitions' ? 'PARTITIONS' : 'schema';
      throw new StoreError(
        'incompatible',
        `${label} is ${given} here, but this deployment was laid out with ${stored}: ${REMEDY[label]}`,
      );
    }
    const now = number('register', reply[1]);
    const others: NodeInfo[] = [{ ...self, heartbeatAgo: 0 }];
    for (let i = 2; i < reply.length; i += 3) {
      const about = JSON.parse(String(reply[i + 2])) as Omit<NodeInfo, 'id' | 'heartbeatAgo'>;
      others.push({ ...about, id: String(reply[i]), heartbeatAgo: now - number('register', reply[i + 1]) });
    }
    return others;
  }

  async unregister(id: string): Promise<void> {
    await this.#options.caller.command('HDEL', this.#options.key, `node:${id}`);
  }
}
