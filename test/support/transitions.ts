import { Redis } from 'ioredis';

/** What a backend hears that listens to the channel of a tenant: every transition of everybody, as it happens. */
export interface Heard {
  readonly user: string;
  readonly status: string;
  readonly reason: string;
  readonly ver: number;
}

/** The public channel of one tenant (SPEC: `<prefix>:events:<tenant>`). */
export class Transitions {
  readonly all: Heard[] = [];
  readonly #redis: Redis;

  private constructor(redis: Redis) {
    this.#redis = redis;
  }

  static async listen(url: string, prefix: string, tenant = 'default'): Promise<Transitions> {
    const redis = new Redis(url);
    const heard = new Transitions(redis);
    redis.on('message', (_channel, text: string) => heard.all.push(JSON.parse(text) as Heard));
    await redis.subscribe(`${prefix}:events:${tenant}`);
    return heard;
  }

  of(status: string, from = 0): Heard[] {
    return this.all.slice(from).filter((heard) => heard.status === status);
  }

  stop(): void {
    this.#redis.disconnect();
  }
}
