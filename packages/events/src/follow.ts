import { Caller } from './caller.ts';
import { FollowError } from './errors.ts';
import type { FollowedEvent } from './event-types.ts';
import { events } from './events.ts';
import type { FollowOptions } from './options.ts';
import { backoff, pause } from './pause.ts';
import { readSnapshot } from './snapshot.ts';
import { queryOf } from './stream.ts';

/** Events that are applied at once at most: what is not applied yet is in memory. */
const MAX_BATCH = 1000;
/** The server closes a stream whose reader takes nothing for this long, ms. */
const SLOW_SINK_MS = 60_000;
/** Between snapshots that follow upon each other without a minute of following, ms. */
const SNAPSHOT_RETRY_MS = 1000;
const SETTLED_MS = 60_000;

/**
 * Keeps a sink equal to what Rollcall shows, for ever: snapshot, events, cursor, reconnects, and the snapshot again when
 * the log no longer reaches back or data was lost. Killed at any moment it continues from what the sink stored.
 *
 * Resolves when `signal` aborts, after the call of the sink that is under way.
 *
 * @throws FollowError `unauthorized`, `forbidden`, or `invalid` when the filter hides changes (`groups`, `status`) or is
 *   refused; what the sink throws, as it is: start again, and it continues from the stored cursor.
 */
export const follow = async (options: FollowOptions): Promise<void> => {
  const { signal, filter, sink } = options;
  // Without the transition by which a user leaves the group or the status, their row would be wrong for ever.
  for (const kind of ['groups', 'status'] as const)
    if (filter?.[kind])
      throw new FollowError(
        'invalid',
        `follow cannot filter by ${kind}: users who leave it are not reported`,
      );
  queryOf(filter);
  const follower = new Follower(options);
  let cursor = await sink.load();
  for (let attempt = 0; !signal.aborted; ) {
    if (cursor === undefined) {
      if (attempt > 0) await pause(backoff(attempt, SNAPSHOT_RETRY_MS), signal);
      attempt += 1;
      cursor = await follower.begin();
      if (cursor === undefined) continue;
    }
    const begun = performance.now();
    await follower.continueFrom(cursor);
    if (performance.now() - begun >= SETTLED_MS) attempt = 0;
    cursor = undefined;
  }
};

class Follower {
  readonly #options: FollowOptions;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  /**
   * Takes a cursor first and reads the snapshot then: what happens meanwhile comes again from the cursor, however long
   * the snapshot takes, and no open stream has to wait for it.
   *
   * @returns the stored cursor; `undefined` when it has to begin again, or `signal` aborted.
   */
  async begin(): Promise<string | undefined> {
    const cursor = await this.#newest();
    if (cursor === undefined) return undefined;
    const { sink, signal } = this.#options;
    await sink.forget();
    if (!(await readSnapshot(this.#options, new Caller(this.#options))) || signal.aborted) return undefined;
    await this.#apply([], cursor);
    return cursor;
  }

  /** The cursor of this moment; `undefined` when `signal` aborted. */
  async #newest(): Promise<string | undefined> {
    for await (const item of events(this.#options)) if (item.type === 'cursor') return item.cursor;
    return undefined;
  }

  /** Returns when a snapshot is needed, or `signal` aborted. */
  async continueFrom(cursor: string): Promise<void> {
    let batch: FollowedEvent[] = [];
    try {
      for await (const item of events(this.#options, cursor)) {
        if (item.type === 'reset') return await this.#options.sink.forget();
        if (item.type === 'open') {
          // What came after the last cursor comes again.
          batch = [];
        } else if (item.type === 'cursor') {
          await this.#apply(batch, item.cursor);
          batch = [];
        } else if (batch.push(item) >= MAX_BATCH) {
          await this.#apply(batch, undefined);
          batch = [];
        }
      }
    } catch (error) {
      // The cursor may be one of another deployment. If the filter is the reason, `begin` says so and forgets nothing.
      if (error instanceof FollowError && error.code === 'invalid') return;
      throw error;
    }
  }

  async #apply(batch: readonly FollowedEvent[], cursor: string | undefined): Promise<void> {
    const begun = performance.now();
    const timer = setInterval(() => {
      this.#options.onState?.({ state: 'slow_sink', ms: Math.round(performance.now() - begun) });
    }, SLOW_SINK_MS);
    try {
      await this.#options.sink.apply(batch, cursor);
    } finally {
      clearInterval(timer);
    }
  }
}
