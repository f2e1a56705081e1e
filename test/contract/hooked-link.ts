import { pino } from 'pino';
import { parseRedisUrl } from '../../src/config/redis-url.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import type { RawReply } from '../../src/redis/functions.ts';
import { RedisLink } from '../../src/redis/link.ts';
import type { FunctionName } from '../../src/store/redis/library.ts';
import { withOwnTime } from '../support/own-time.ts';

/** A link at whose commands and calls a test may do something first, or answer instead of Redis. */
export class HookedLink extends RedisLink {
  /** Returns an answer, or undefined to let the command go to Redis. */
  onCommand: (name: string, args: readonly (string | number)[]) => Promise<RawReply | undefined> = async () =>
    undefined;
  onRun: (name: FunctionName) => Promise<unknown> = async () => undefined;
  readonly ran: FunctionName[] = [];

  constructor(url: string) {
    super(
      {
        address: parseRedisUrl(url),
        name: 'hooked',
        commandTimeoutMs: 5000,
        metrics: createMetrics(),
        logger: pino({ level: 'silent' }),
        random: Math.random,
      },
      withOwnTime(),
    );
  }

  override async command(name: string, ...args: (string | number)[]): Promise<RawReply> {
    return (await this.onCommand(name, args)) ?? super.command(name, ...args);
  }

  override async run(
    name: FunctionName,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<RawReply> {
    await this.onRun(name);
    this.ran.push(name);
    return super.run(name, keys, args);
  }
}
