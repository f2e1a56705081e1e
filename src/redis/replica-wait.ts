import type { Redis } from 'ioredis';

/** A wait that is asked for, or under way. */
type Reached = Promise<number>;

/**
 * Waits until replicas of one master have what was written to it, on a connection of its own: nothing behind a `WAIT` is
 * answered before it, so on the shared connection everybody, and every heartbeat, would wait for a replica that is away.
 */
export class ReplicaWait {
  readonly #master: Redis;
  readonly #client: Redis;
  #connected: Promise<void> | undefined;
  #running: Reached | undefined;
  #next: Reached | undefined;

  /** @param master - the connection that writes; the waits follow it to the same server, or fail. */
  constructor(master: Redis) {
    this.#master = master;
    this.#client = master.duplicate({
      lazyConnect: true,
      enableOfflineQueue: false,
      retryStrategy: () => null,
    });
    // What is asked on it fails then, and who waits hears of that.
    this.#client.on('error', () => undefined);
  }

  /** Nothing can be asked any more: the next wait wants a new one. */
  get ended(): boolean {
    return this.#client.status === 'end' || this.#client.status === 'close';
  }

  /**
   * How many replicas have all that was written before; waits that long for `count`. Who asks while others wait shares the
   * next wait with all who ask until it begins.
   *
   * @param key - of the hash that is written to, so that there is something to wait for; it lies on this master.
   */
  reached(key: string, count: number, withinMs: number): Reached {
    this.#next ??= this.#after(this.#running, key, count, withinMs);
    return this.#next;
  }

  stop(): void {
    this.#client.disconnect();
  }

  async #after(before: Reached | undefined, key: string, count: number, withinMs: number): Reached {
    await before?.catch(() => undefined);
    this.#running = this.#next;
    this.#next = undefined;
    this.#connected ??= this.#client.connect();
    await this.#connected;
    // A failover may have brought one of them to another server, which knows nothing of what was written to the first.
    if (!isSameServer(this.#client, this.#master)) return 0;
    const [, reached] = await Promise.all([
      // `WAIT` waits for what its own connection wrote, and for all that came to the server before that.
      this.#client.hset(key, 'waited', '1'),
      this.#client.wait(count, withinMs),
    ]);
    return reached;
  }
}

const isSameServer = (one: Redis, two: Redis): boolean =>
  one.stream.remoteAddress === two.stream.remoteAddress && one.stream.remotePort === two.stream.remotePort;
