import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { RedisServer } from '../../support/redis-server.ts';
import type { ChaosStore } from './chaos-store.ts';

/** One Redis that writes everything to disk. */
export class StandaloneStore implements ChaosStore {
  readonly kind = 'standalone';
  readonly server: RedisServer;
  readonly client: Redis;

  private constructor(server: RedisServer) {
    this.server = server;
    this.client = server.client();
  }

  static async start(): Promise<StandaloneStore> {
    return new StandaloneStore(
      await RedisServer.start({
        persistence: 'aof',
        // What a process has written survives its death; a disk that is slow to sync is not what is tried here. With
        // `everysec` Redis answers before it writes while the disk still syncs, for two seconds: killed then, it loses that.
        args: ['--appendfsync', 'no', '--maxmemory-policy', 'noeviction'],
      }),
    );
  }

  get url(): string {
    return this.server.url;
  }

  get addresses(): readonly RedisServer[] {
    return [this.server];
  }

  get servers(): readonly RedisServer[] {
    return [this.server];
  }

  async healthy(): Promise<void> {
    await this.server.start();
  }

  async masters(): Promise<readonly RedisServer[]> {
    return [this.server];
  }

  /** The next start finds nothing. */
  async forget(): Promise<void> {
    await rm(join(this.server.dir, 'appendonlydir'), { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    await this.server.stop();
  }
}
