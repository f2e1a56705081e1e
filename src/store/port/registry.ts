/** The nodes of the deployment. */
export interface Registry {
  /** Registers this node, and returns the other nodes. @throws StoreError `incompatible`. */
  register(self: NodeInfo): Promise<NodeInfo[]>;
  unregister(id: string): Promise<void>;
}

/** One process as the registry knows it. */
export interface NodeInfo {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly connections: number;
  readonly users: number;
  readonly startedAt: number;
  /** ms since its last heartbeat; 0 when it describes itself. */
  readonly heartbeatAgo: number;
}
