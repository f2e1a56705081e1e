import { type Direction, type Link, TcpProxy } from '../../support/tcp-proxy.ts';

/** Where a server of the store is, and what for. */
export interface StoreAddress {
  readonly host: string;
  readonly port: number;
}

/** Everything between one node and the servers of its store. */
export class NodeLinks {
  readonly #proxies: readonly TcpProxy[];

  private constructor(proxies: readonly TcpProxy[]) {
    this.#proxies = proxies;
  }

  static async start(addresses: readonly StoreAddress[]): Promise<NodeLinks> {
    return new NodeLinks(await Promise.all(addresses.map((address) => TcpProxy.start(address))));
  }

  /** Port of a server → port of what stands before it. */
  get routes(): Record<string, number> {
    return Object.fromEntries(this.#proxies.map(({ target, port }) => [target.port, port]));
  }

  /** @param ports - only towards these servers; default all. */
  #towards(ports?: readonly number[]): readonly TcpProxy[] {
    return this.#proxies.filter(({ target }) => ports?.includes(target.port) ?? true);
  }

  cut(ports?: readonly number[]): void {
    for (const proxy of this.#towards(ports)) proxy.cut();
  }

  stall(direction: Direction): void {
    for (const proxy of this.#proxies) proxy.stall(direction);
  }

  delay(ms: number): void {
    for (const proxy of this.#proxies) proxy.delay(ms);
  }

  heal(): void {
    for (const proxy of this.#proxies) {
      proxy.delay(0);
      proxy.heal();
    }
  }

  /** Connections that listen to channels. */
  get subscribers(): Link[] {
    return this.#proxies.flatMap((proxy) => proxy.subscribers);
  }

  /** Connections that carry commands. */
  get commands(): Link[] {
    return this.#proxies.flatMap((proxy) => [...proxy.links].filter((link) => !link.subscriber));
  }

  async stop(): Promise<void> {
    for (const proxy of this.#proxies) for (const link of proxy.links) link.destroy();
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
  }
}
