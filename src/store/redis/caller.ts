import { setTimeout as delay } from 'node:timers/promises';
import { redisErrorCode } from '../../redis/client.ts';
import { type RawReply, UnexpectedReply } from '../../redis/functions.ts';
import type { PartitionKeys } from '../../redis/keys.ts';
import type { RedisLink } from '../../redis/link.ts';
import { StoreError, type StoreErrorCode } from '../port/store-error.ts';
import type { FunctionName } from './library.ts';
import { listOf } from './raw-values.ts';

export interface CallerOptions {
  readonly link: RedisLink;
  /** Replicas that must have a change that hides or refuses a user before it is answered; 0 for none. */
  readonly writeReplicas: number;
  readonly replicaTimeoutMs: number;
}

/** A function that hit a slot being moved changed nothing and may be run again. */
const RETRIED = new Set(['TRYAGAIN', 'CLUSTERDOWN']);
const RETRIES = 3;
const RETRY_MS = 50;

/** What functions return instead of `ok`. */
const REFUSALS: Readonly<Record<string, readonly [StoreErrorCode, string]>> = {
  young: ['unavailable', 'presence is still being gathered after a loss'],
  too_many_claims: ['too_many_claims', 'services have set as many claims as one user may have'],
  outdated: ['outdated', 'a later word of this source is known'],
  too_many_sessions: ['too_many_sessions', 'there are as many sessions as one user may have'],
  revoked: ['revoked', 'the token was revoked'],
  not_found: ['not_found', 'there is no such session'],
  too_many_places: ['too_many_places', 'the user is in as many places, or has as much data, as one user may'],
  put_out: ['put_out', 'the token was issued before the user was put out of the place'],
};

/** Calls Redis, and reports failures as the port's errors. */
export class Caller {
  readonly #options: CallerOptions;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Whatever the function answers. @throws StoreError `unavailable` */
  async run(
    name: FunctionName,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<RawReply> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#options.link.run(name, keys, args);
      } catch (cause) {
        const code = redisErrorCode(cause);
        if (attempt <= RETRIES && RETRIED.has(code ?? '')) {
          await delay(RETRY_MS * attempt);
          continue;
        }
        // A failing function answers `ERR`; a condition that keeps Redis from running any function has its own code.
        throw new StoreError('unavailable', `redis did not answer ${name}`, {
          cause,
          ofThisCall: code === 'ERR',
        });
      }
    }
  }

  /** What follows `ok`. @throws StoreError */
  async ask(
    name: FunctionName,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<RawReply[]> {
    const reply = await this.run(name, keys, args);
    const [result, ...rest] = listOf(name, reply);
    if (result === 'ok') return rest;
    const refusal = REFUSALS[String(result)];
    if (refusal === undefined) throw new UnexpectedReply(name, reply);
    throw new StoreError(...refusal);
  }

  /** One plain command. @throws StoreError `unavailable` */
  async command(name: string, ...args: (string | number)[]): Promise<RawReply> {
    try {
      return await this.#options.link.command(name, ...args);
    } catch (cause) {
      throw new StoreError('unavailable', `redis did not answer ${name}`, { cause });
    }
  }

  /** A failover must not show a user again after it was confirmed to them that others see them offline. */
  async isReplicated({ meta }: PartitionKeys): Promise<boolean> {
    const { link, writeReplicas, replicaTimeoutMs } = this.#options;
    if (writeReplicas === 0) return true;
    const reached = await link.replicated(meta, writeReplicas, replicaTimeoutMs).catch(() => 0);
    return reached >= writeReplicas;
  }

  /** @throws StoreError `unavailable` when too few replicas have what was just written. */
  async awaitReplicas(keys: PartitionKeys): Promise<void> {
    if (await this.isReplicated(keys)) return;
    throw new StoreError('unavailable', 'too few replicas have it yet; it may still take effect');
  }
}
