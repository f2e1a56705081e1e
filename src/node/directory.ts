import type { Logger } from 'pino';
import type { NodeInfo, Registry } from '../store/port/registry.ts';
import { StoreError } from '../store/port/store-error.ts';
import { Periodic } from '../time/periodic.ts';

export interface DirectoryOptions {
  readonly registry: Registry;
  readonly self: () => NodeInfo;
  readonly intervalMs: number;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly logger: Logger;
  /** The deployment is laid out differently: this node must not run in it. */
  readonly onIncompatible: (error: StoreError) => void;
}

/** The other nodes of this deployment: this node registers and reads the list with every heartbeat. */
export class Directory {
  readonly #options: DirectoryOptions;
  readonly #periodic: Periodic;
  #list: readonly NodeInfo[] = [];
  #at = 0;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#periodic = new Periodic(
      options.intervalMs,
      options.now,
      () => this.#exchange(),
      (err) => options.logger.debug({ err }, 'the registry did not answer; retrying with the next heartbeat'),
    );
  }

  get nodes(): { readonly list: readonly NodeInfo[]; readonly at: number } {
    return { list: this.#list, at: this.#at };
  }

  start(): void {
    this.#periodic.start();
  }

  async stop(): Promise<void> {
    await this.#periodic.stop();
    await this.#options.registry.unregister(this.#options.self().id).catch(() => undefined);
  }

  /** The nodes now. @throws StoreError */
  async ask(): Promise<readonly NodeInfo[]> {
    await this.#exchange();
    return this.#list;
  }

  async #exchange(): Promise<void> {
    const { registry, self, now, onIncompatible } = this.#options;
    try {
      this.#list = await registry.register(self());
      this.#at = now();
    } catch (error) {
      if (error instanceof StoreError && error.code === 'incompatible') onIncompatible(error);
      throw error;
    }
  }
}
