import type { Logger } from 'pino';
import { issuedBy, ownerOf, type Principal } from '../auth/principal.ts';
import { covers, refusesToken } from '../domain/ending.ts';
import { ownerKey, ownerOfKey, type TokenOwner, type UserKey } from '../domain/model.ts';
import { batchesByPartition, type Partitioning } from '../store/partition.ts';
import type { Endings, Revocation } from '../store/port/endings.ts';
import type { Clock } from '../time/clock.ts';

export interface RevocationsOptions {
  readonly endings: Endings;
  readonly partitioning: Partitioning;
  /** How long a revocation is needed, ms. */
  readonly keepMs: number;
  /** Pause before a store that did not answer is asked again, ms. */
  readonly retryMs: number;
  readonly clock: Pick<Clock, 'wall'>;
  readonly logger: Pick<Logger, 'debug'>;
}

/**
 * The revocations that this node knows: received as commands when they are made, and read from the store whenever a
 * command may have been missed. They stay known when the store loses them, and are sent to it again. Of each owner
 * the one that refuses most counts, on both sides, so that the sender, the order and repetitions do not change the
 * outcome.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  /** As `Revocation` has them. */
  readonly #seconds = new Map<UserKey, number>();
  readonly #listeners = new Set<(owner: TokenOwner, at: number) => void>();
  readonly #onComplete = new Set<() => void>();
  /** Partitions that may not know what this node knows. */
  readonly #untold = new Set<number>();
  #complete = false;
  #wanted = false;
  #running = false;
  #stopped = true;
  #wake: (() => void) | undefined;

  constructor(options: RevocationsOptions) {
    this.#options = options;
  }

  /** The store has listed them at least once: until then this node may accept a revoked token. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Called with each that was not known yet. @returns a function that unsubscribes. */
  onLearnt(listener: (owner: TokenOwner, at: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Called once, when {@link complete} becomes true. @returns a function that unsubscribes. */
  onComplete(listener: () => void): () => void {
    this.#onComplete.add(listener);
    return () => this.#onComplete.delete(listener);
  }

  refuses(principal: Principal): boolean {
    const at = this.#seconds.get(ownerKey(ownerOf(principal)));
    return at !== undefined && refusesToken(at, issuedBy(principal));
  }

  /** @param at - s, see `Revocation`. */
  learn(owner: TokenOwner, at: number): void {
    const key = ownerKey(owner);
    if (covers(this.#seconds.get(key) ?? 0, at) || this.#isOver(at)) return;
    this.#seconds.set(key, at);
    for (const listener of this.#listeners) listener(owner, at);
  }

  start(): void {
    this.#stopped = false;
    this.load();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  /** Asks the store at once, and again until it answers, even when it did not answer a moment ago. */
  load(): void {
    this.#wanted = true;
    this.#go();
  }

  /** A partition lost data: its revocations are sent again, until it has taken them. */
  tellAgain(partition: number): void {
    this.#untold.add(partition);
    this.#go();
  }

  #go(): void {
    this.#wake?.();
    if (!this.#running && !this.#stopped) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while ((this.#wanted || this.#untold.size > 0) && !this.#stopped) {
      // Separate, because the store takes them long before it trusts its own list again.
      const hasTold = this.#untold.size === 0 || (await this.#tell());
      const hasRead = !this.#wanted || (await this.#read());
      if (!(hasTold && hasRead) && !this.#stopped) await this.#pause();
    }
    this.#running = false;
  }

  /** @returns whether every partition that needed them has taken them. */
  async #tell(): Promise<boolean> {
    const { endings, partitioning, logger } = this.#options;
    const due = new Set(this.#untold);
    this.#untold.clear();
    const known = this.#known.filter((one) => due.has(partitioning.partitionOf(one)));
    let hasTold = true;
    // One after another, because after a loss the store has more urgent writes to take.
    for (const [partition, batch] of batchesByPartition(known, (one) => partitioning.partitionOf(one))) {
      try {
        await endings.refuse(
          partition,
          batch.map(({ item }) => item),
        );
      } catch (err) {
        logger.debug({ err, partition }, 'could not send the revocations again yet; retrying');
        this.#untold.add(partition);
        hasTold = false;
      }
      if (this.#stopped) break;
    }
    return hasTold;
  }

  async #read(): Promise<boolean> {
    const { endings, logger } = this.#options;
    this.#wanted = false;
    try {
      const listed = await endings.revocations();
      for (const { at, ...owner } of listed) this.learn(owner, at);
      this.#dropOld();
      this.#resendMissing(listed);
    } catch (err) {
      logger.debug({ err }, 'could not read the revocations yet; retrying');
      this.#wanted = true;
      return false;
    }
    if (!this.#complete) {
      this.#complete = true;
      for (const listener of this.#onComplete) listener();
    }
    return true;
  }

  /** A loss that no heartbeat noticed, or something learnt only after it, shows in what the store does not list. */
  #resendMissing(listed: readonly Revocation[]): void {
    const stored = new Map(listed.map((one) => [ownerKey(one), one.at]));
    for (const one of this.#known) {
      if (!covers(stored.get(ownerKey(one)) ?? 0, one.at)) {
        this.#untold.add(this.#options.partitioning.partitionOf(one));
      }
    }
  }

  get #known(): Revocation[] {
    const known: Revocation[] = [];
    for (const [key, at] of this.#seconds) if (!this.#isOver(at)) known.push({ ...ownerOfKey(key), at });
    return known;
  }

  #dropOld(): void {
    for (const [key, at] of this.#seconds) if (this.#isOver(at)) this.#seconds.delete(key);
  }

  #isOver(at: number): boolean {
    return at * 1000 + this.#options.keepMs <= this.#options.clock.wall();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.retryMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
