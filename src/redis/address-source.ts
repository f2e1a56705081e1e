import { parseRedisUrl, type RedisUrl } from '../config/redis-url.ts';
import { readRedisUrlFile } from '../config/redis-url-file.ts';

interface AddressSourceOptions {
  /** The URL at the start. */
  readonly redisUrl: string;
  /** The file it came from, which is read again. */
  readonly redisUrlFile?: string | undefined;
  readonly log: { warn(fields: object, message: string): void };
}

/**
 * The address of Redis and its newest credentials. With `REDIS_URL_FILE` the credentials are read again before each
 * connection, so that a password rotates without a restart. Hosts and topology are those of the start.
 */
export class AddressSource {
  readonly #options: AddressSourceOptions;
  #current: RedisUrl;
  /** The last problem: a file that stays unusable is logged once. */
  #complaint: string | undefined;

  constructor(options: AddressSourceOptions) {
    this.#options = options;
    this.#current = parseRedisUrl(options.redisUrl);
  }

  get current(): RedisUrl {
    return this.#current;
  }

  /** Reads the file again, if there is one. An unusable file leaves the credentials as they are. */
  refresh(): void {
    const { redisUrlFile, log } = this.#options;
    if (redisUrlFile === undefined) return;
    try {
      const { username, password, sentinelUsername, sentinelPassword } = parseRedisUrl(
        readRedisUrlFile(redisUrlFile),
      );
      const { topology, tls, hosts, master, db } = this.#current;
      this.#current = {
        ...{ topology, tls, hosts, db },
        ...(master !== undefined && { master }),
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password }),
        ...(sentinelUsername !== undefined && { sentinelUsername }),
        ...(sentinelPassword !== undefined && { sentinelPassword }),
      };
      this.#complaint = undefined;
    } catch (error) {
      const complaint = error instanceof Error ? error.message : String(error);
      if (complaint !== this.#complaint) {
        log.warn({ reason: complaint }, 'REDIS_URL_FILE cannot be used; keeping the previous credentials');
      }
      this.#complaint = complaint;
    }
  }
}
