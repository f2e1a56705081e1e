import type { Redis } from 'ioredis';

/** A wait that is queued or in progress. */
type Reached = Promise<number>;

/**
 * Waits until replicas of one master have what was written to it, on a separate connection: nothing behind a `WAIT`
 * is answered before it, so on the shared connection every call, heartbeats included, would wait for an unreachable
 * replica.
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
    // Its commands then fail, and the pending waits report that.
    this.#client.on('error', () => undefined);
  }

  /** It accepts no commands any more: the next wait needs a new one. */
  get ended(): boolean {
    return this.#client.status === 'end' || this.#client.status === 'close';
  }

  /**
   * How many replicas have everything written before; waits that long for `count`. Calls made during a wait share the
   * next one.
   *
   * @param key - the hash that is written to, so that there is something to wait for; it lies on this master.
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
    // A failover may have moved one of them to another server, which lacks what was written to the first.
    if (!isSameServer(this.#client, this.#master)) return 0;
    const [, reached] = await Promise.all([
      // `WAIT` waits for what its own connection wrote, and for everything the server received before that.
      this.#client.hset(key, 'waited', '1'),
      this.#client.wait(count, withinMs),
    ]);
    return reached;
  }
}

const isSameServer = (one: Redis, two: Redis): boolean =>
  one.stream.remoteAddress === two.stream.remoteAddress && one.stream.remotePort === two.stream.remotePort;
