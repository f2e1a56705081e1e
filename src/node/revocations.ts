import type { Logger } from 'pino';
import type { Principal } from '../auth/principal.ts';
import { refusesToken } from '../domain/ending.ts';
import { type UserKey, type UserRef, userKey } from '../domain/model.ts';
import type { PresenceStore } from '../store/presence-store.ts';

export interface RevocationsOptions {
  readonly store: () => Pick<PresenceStore, 'revocations'>;
  /** How long a revocation has a purpose, ms. */
  readonly keepMs: number;
  /** Pause before the store is asked again that did not answer, ms. */
  readonly retryMs: number;
  /** ms since the epoch. */
  readonly wallNow: () => number;
  readonly logger: Pick<Logger, 'debug'>;
}

/**
 * Whose tokens are refused, as this node knows: told by commands as they are made, and read from the store whenever one
 * may have been missed. What is known stays known when the store loses it.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #seconds = new Map<UserKey, number>();
  readonly #listeners = new Set<(ref: UserRef, at: number) => void>();
  #wanted = false;
  #running = false;
  #stopped = true;
  #wake: (() => void) | undefined;

  constructor(options: RevocationsOptions) {
    this.#options = options;
  }

  /** Called with each that was not known yet. @returns the undo. */
  onLearnt(listener: (ref: UserRef, at: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  refuses({ tenant, user, iat = 0 }: Principal): boolean {
    const at = this.#seconds.get(userKey({ tenant, user }));
    return at !== undefined && refusesToken(at, iat);
  }

  /** @param at - s. */
  learn(ref: UserRef, at: number): void {
    const key = userKey(ref);
    if (at <= (this.#seconds.get(key) ?? 0) || this.#isOver(at)) return;
    this.#seconds.set(key, at);
    for (const listener of this.#listeners) listener(ref, at);
  }

  start(): void {
    this.#stopped = false;
    this.load();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  /** Asks the store, until it answers; at once, also when it did not answer a moment ago. */
  load(): void {
    this.#wanted = true;
    this.#wake?.();
    if (!this.#running && !this.#stopped) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#wanted && !this.#stopped) {
      this.#wanted = false;
      try {
        for (const { at, ...ref } of await this.#options.store().revocations()) this.learn(ref, at);
        this.#dropOld();
      } catch (err) {
        this.#options.logger.debug({ err }, 'could not read the revocations yet');
        this.#wanted = true;
        await this.#pause();
      }
    }
    this.#running = false;
  }

  #dropOld(): void {
    for (const [key, at] of this.#seconds) if (this.#isOver(at)) this.#seconds.delete(key);
  }

  #isOver(at: number): boolean {
    return at * 1000 + this.#options.keepMs <= this.#options.wallNow();
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
