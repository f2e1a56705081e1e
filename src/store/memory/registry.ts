import type { NodeInfo, Registry } from '../port/registry.ts';

/** The only node. */
export class MemoryRegistry implements Registry {
  async register(self: NodeInfo): Promise<NodeInfo[]> {
    return [{ ...self, heartbeatAgo: 0 }];
  }

  async unregister(): Promise<void> {}
}
